"""Expected values and gradients of tensor operations, optimizers and random streams, by PyTorch.

Run with Debian's python3-torch (1.13.1):  python3 tests/Reference/torch_ops.py
Writes torch_ops.json beside this file. Everything is float64, so that the other side can ask for nearly all digits.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(2)
torch.set_default_dtype(torch.float64)


def normal(*shape):
    return torch.randn(shape)


def positive(*shape):
    return torch.rand(shape) + 0.3


def unit(*shape):
    return torch.rand(shape) * 1.6 - 0.8


def index(*values):
    return torch.tensor(values)


MASK = torch.tensor([[True, False, True], [False, False, True]])

# name: (inputs, function of them). Names are those of the table in tests/Torch/OperationTable.cs.
CASES = {
    "abs": ([normal(2, 3)], lambda x: x.abs()),
    "neg": ([normal(2, 3)], lambda x: -x),
    "exp": ([normal(2, 3)], torch.exp),
    "expm1": ([normal(2, 3)], torch.expm1),
    "log": ([positive(2, 3)], torch.log),
    "log2": ([positive(2, 3)], torch.log2),
    "log10": ([positive(2, 3)], torch.log10),
    "log1p": ([positive(2, 3)], torch.log1p),
    "sqrt": ([positive(2, 3)], torch.sqrt),
    "rsqrt": ([positive(2, 3)], torch.rsqrt),
    "square": ([normal(2, 3)], torch.square),
    "reciprocal": ([positive(2, 3)], torch.reciprocal),
    "sin": ([normal(2, 3)], torch.sin),
    "cos": ([normal(2, 3)], torch.cos),
    "tanh": ([normal(2, 3)], torch.tanh),
    "sigmoid": ([normal(2, 3)], torch.sigmoid),
    "silu": ([normal(2, 3)], F.silu),
    "relu": ([normal(2, 3)], torch.relu),
    "gelu": ([normal(2, 3)], F.gelu),
    "erf": ([normal(2, 3)], torch.erf),
    "add": ([normal(2, 3), normal(3)], lambda a, b: a + b),
    "add_alpha": ([normal(2, 3), normal(2, 3)], lambda a, b: torch.add(a, b, alpha=0.5)),
    "add_number": ([normal(2, 3)], lambda a: a + 1.5),
    "sub": ([normal(2, 3), normal(2, 1)], lambda a, b: a - b),
    "rsub_number": ([normal(2, 3)], lambda a: 2 - a),
    "mul": ([normal(2, 3), normal(3)], lambda a, b: a * b),
    "mul_number": ([normal(2, 3)], lambda a: a * 0.25),
    "div": ([normal(2, 3), positive(2, 3)], lambda a, b: a / b),
    "div_number": ([normal(2, 3)], lambda a: a / 3),
    "number_div": ([positive(2, 3)], lambda a: 2 / a),
    "pow_number": ([positive(2, 3)], lambda a: a.pow(2.5)),
    "pow": ([positive(2, 3), normal(2, 3)], torch.pow),
    "number_pow": ([normal(2, 3)], lambda a: torch.pow(2.0, a)),
    "remainder": ([normal(2, 3)], lambda a: a.remainder(0.7)),
    "maximum": ([normal(2, 3), normal(2, 3)], torch.maximum),
    "minimum": ([normal(2, 3), normal(2, 3)], torch.minimum),
    "atan2": ([normal(2, 3), positive(2, 3)], torch.atan2),
    "clamp": ([normal(2, 3)], lambda a: a.clamp(-0.5, 0.5)),
    "clamp_min": ([normal(2, 3)], lambda a: a.clamp(min=0.1)),
    "clamp_max": ([normal(2, 3)], lambda a: a.clamp(max=0.1)),
    "lerp": ([normal(2, 3), normal(2, 3), positive(2, 3)], torch.lerp),
    "addcmul": ([normal(2, 3), normal(2, 3), normal(2, 3)], lambda a, b, c: torch.addcmul(a, b, c, value=0.5)),
    "addcdiv": ([normal(2, 3), normal(2, 3), positive(2, 3)], lambda a, b, c: torch.addcdiv(a, b, c, value=0.5)),
    "where": ([normal(2, 3), normal(2, 3)], lambda a, b: torch.where(MASK, a, b)),
    "masked_fill": ([normal(2, 3)], lambda a: a.masked_fill(MASK, -2.0)),
    "masked_select": ([normal(2, 3)], lambda a: a.masked_select(MASK)),
    "view": ([normal(2, 6)], lambda a: a.view(3, 4) * 2),
    "reshape": ([normal(2, 6)], lambda a: a.t().reshape(4, 3)),
    "flatten": ([normal(2, 3, 2)], lambda a: a.flatten(1)),
    "expand": ([normal(2, 1)], lambda a: a.expand(2, 4) * 2),
    "repeat": ([normal(2, 2)], lambda a: a.repeat(2, 3)),
    "repeat_interleave": ([normal(2, 2)], lambda a: a.repeat_interleave(3, 1)),
    "permute": ([normal(2, 3, 4)], lambda a: a.permute(2, 0, 1)),
    "transpose": ([normal(2, 3, 4)], lambda a: a.transpose(-2, -1)),
    "flip": ([normal(2, 3)], lambda a: a.flip(1)),
    "unsqueeze": ([normal(2, 3)], lambda a: a.unsqueeze(1)),
    "squeeze": ([normal(2, 1, 3)], lambda a: a.squeeze(1)),
    "narrow": ([normal(2, 5)], lambda a: a.narrow(1, 1, 3)),
    "slice": ([normal(2, 7)], lambda a: a[:, 1:6:2]),
    "select": ([normal(2, 5)], lambda a: a.select(1, 3)),
    "tril": ([normal(3, 3)], lambda a: a.tril()),
    "triu": ([normal(3, 3)], lambda a: a.triu(1)),
    "cat": ([normal(2, 3), normal(2, 2)], lambda a, b: torch.cat([a, b], 1)),
    "stack": ([normal(2, 3), normal(2, 3)], lambda a, b: torch.stack([a, b], 1)),
    "chunk": ([normal(2, 6)], lambda a: a.chunk(3, 1)[1]),
    "split": ([normal(2, 6)], lambda a: a.split([1, 3, 2], 1)[1]),
    "unbind": ([normal(2, 3)], lambda a: a.unbind(1)[2]),
    "index_select": ([normal(4, 3)], lambda a: a.index_select(0, index(3, 0, 3))),
    "index_add": ([normal(4, 3), normal(2, 3)], lambda a, b: a.index_add(0, index(3, 0), b, alpha=0.5)),
    "gather": ([normal(2, 3)], lambda a: a.gather(1, index([0, 2], [1, 1]))),
    "index_mask": ([normal(2, 3)], lambda a: a[MASK]),
    "index_mixed": ([normal(3, 4, 2)], lambda a: a[..., None, 1:3, 0]),
    "index_tensors": ([normal(3, 4)], lambda a: a[index(0, 2), index(1, 3)]),
    "sum": ([normal(2, 3)], lambda a: a.sum()),
    "sum_dim": ([normal(2, 3, 2)], lambda a: a.sum([0, 2], keepdim=True)),
    "mean": ([normal(2, 3)], lambda a: a.mean()),
    "mean_dim": ([normal(2, 3)], lambda a: a.mean(1)),
    "var": ([normal(2, 5)], lambda a: a.var(1)),
    "std": ([normal(2, 5)], lambda a: a.std(unbiased=False)),
    "prod": ([positive(2, 3)], lambda a: a.prod()),
    "norm": ([normal(2, 3)], lambda a: a.norm()),
    "norm_dim": ([normal(2, 3)], lambda a: a.norm(dim=1)),
    "max": ([normal(2, 3)], lambda a: a.max()),
    "min": ([normal(2, 3)], lambda a: a.min()),
    "max_dim": ([normal(2, 3)], lambda a: a.max(1).values),
    "min_dim": ([normal(2, 3)], lambda a: a.min(1).values),
    "amax": ([normal(2, 3)], lambda a: a.amax([1])),
    "amin": ([normal(2, 3)], lambda a: a.amin([1])),
    "topk": ([normal(2, 5)], lambda a: a.topk(2).values),
    "sort": ([normal(2, 5)], lambda a: a.sort(descending=True).values),
    "cumsum": ([normal(2, 3)], lambda a: a.cumsum(1)),
    "softmax": ([normal(2, 3)], lambda a: a.softmax(-1)),
    "log_softmax": ([normal(2, 3)], lambda a: a.log_softmax(-1)),
    "logsumexp": ([normal(2, 3)], lambda a: a.logsumexp(1)),
    "matmul": ([normal(2, 3, 4), normal(4, 2)], torch.matmul),
    "mm": ([normal(3, 4), normal(4, 2)], torch.mm),
    "bmm": ([normal(2, 3, 4), normal(2, 4, 2)], torch.bmm),
    "mv": ([normal(3, 4), normal(4)], torch.mv),
    "dot": ([normal(4), normal(4)], torch.dot),
    "outer": ([normal(3), normal(4)], torch.outer),
    "addmm": ([normal(3, 2), normal(3, 4), normal(4, 2)], lambda a, b, c: torch.addmm(a, b, c, beta=0.5, alpha=2)),
    "baddbmm": ([normal(2, 3, 2), normal(2, 3, 4), normal(2, 4, 2)], lambda a, b, c: torch.baddbmm(a, b, c)),
    "einsum": ([normal(2, 3), normal(3, 4)], lambda a, b: torch.einsum("ij,jk->ki", a, b)),
    "linear": ([normal(2, 3), normal(4, 3), normal(4)], F.linear),
    "embedding": ([normal(5, 3)], lambda w: F.embedding(index([1, 4], [1, 0]), w)),
    "cross_entropy": ([normal(4, 5)], lambda a: F.cross_entropy(a, index(1, -100, 4, 0))),
    "cross_entropy_sum": (
        [normal(4, 5)],
        lambda a: F.cross_entropy(a, index(1, 2, 4, 0), reduction="sum", label_smoothing=0.1),
    ),
    "nll_loss": ([normal(4, 5)], lambda a: F.nll_loss(a, index(1, 2, 4, 0))),
    "mse_loss": ([normal(2, 3), normal(2, 3)], F.mse_loss),
    "layer_norm": ([normal(2, 5), normal(5), normal(5)], lambda a, w, b: F.layer_norm(a, [5], w, b)),
    "clone": ([normal(2, 3)], lambda a: a.clone() * 2),
    "contiguous": ([normal(2, 3)], lambda a: a.t().contiguous()),
    "to": ([normal(2, 3)], lambda a: a.to(torch.float64) * 2),
}


def tensor_json(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().double().flatten().tolist()}


def case_json(inputs, function):
    leaves = [x.clone().requires_grad_() for x in inputs]
    value = function(*leaves)
    weight = torch.linspace(0.5, 1.5, value.numel()).reshape(value.shape)
    (value * weight).sum().backward()
    return {
        "inputs": [tensor_json(x) for x in inputs],
        "value": tensor_json(value),
        "grads": [tensor_json(x.grad) for x in leaves],
    }


def trajectory(make):
    """Values of one parameter over five steps on the gradient of sum(cos(w) * scale)."""
    weight = torch.linspace(-1, 1, 6).reshape(2, 3).clone().requires_grad_()
    optimizer = make([weight])
    path = []
    for step in range(5):
        optimizer.zero_grad()
        (weight.cos() * (step + 1)).sum().backward()
        optimizer.step()
        path.append(tensor_json(weight))
    return path


OPTIMIZERS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    "adamw_amsgrad": lambda p: torch.optim.AdamW(p, lr=0.1, amsgrad=True, weight_decay=0),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
}


def random_json():
    generator = torch.Generator().manual_seed(42)
    return {
        "seed": 42,
        "randn": tensor_json(torch.randn(5, generator=generator)),
        "rand": tensor_json(torch.rand(5, generator=generator)),
        "randint": torch.randint(0, 1000, (5,), generator=generator).tolist(),
        "randperm": torch.randperm(7, generator=generator).tolist(),
    }


def clip_json():
    weights = [torch.zeros(3), torch.zeros(2)]
    weights[0].grad, weights[1].grad = torch.tensor([3.0, 0, 0]), torch.tensor([0, 4.0])
    norm = torch.nn.utils.clip_grad_norm_(weights, 1.0)
    return {"norm": float(norm), "grads": [tensor_json(w.grad) for w in weights]}


content = {
    "made_by": "tests/Reference/torch_ops.py",
    "torch": torch.__version__,
    "cases": {name: case_json(*case) for name, case in CASES.items()},
    "optimizers": {name: trajectory(make) for name, make in OPTIMIZERS.items()},
    "random": random_json(),
    "clip_grad_norm": clip_json(),
}
assert all(math.isfinite(v) for c in content["cases"].values() for v in c["value"]["values"])
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(content, indent=None, separators=(",", ":")) + "\n")
print(f"{len(CASES)} operations -> {path.name}")
