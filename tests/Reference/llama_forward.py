#!/usr/bin/env python3
"""Writes llama_forward.json: a small Llama's weights and logits, from the formulas of the model family.

Run with PyTorch 1.13 or later:  python3 llama_forward.py > llama_forward.json
The computation is in float64, one position and one head at a time, so that it shares no structure with the code it
judges: RMSNorm x / sqrt(mean(x^2) + eps) * w; rotary pairs (i, i + K/2); query head h reads key head h // (H / G).
"""
import json
import math

import torch

CASES = [
    dict(name="plain", V=11, D=8, L=2, H=2, G=2, F=12, tied=True, theta=10000.0, eps=1e-5),
    dict(name="grouped_untied", V=13, D=16, L=1, H=4, G=2, F=10, tied=False, theta=500.0, eps=1e-3),
]
TOKENS = [[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]]


def names_and_shapes(c):
    width = c["G"] * (c["D"] // c["H"])
    yield "model.embed_tokens.weight", (c["V"], c["D"])
    for layer in range(c["L"]):
        p = f"model.layers.{layer}."
        yield p + "input_layernorm.weight", (c["D"],)
        yield p + "self_attn.q_proj.weight", (c["D"], c["D"])
        yield p + "self_attn.k_proj.weight", (width, c["D"])
        yield p + "self_attn.v_proj.weight", (width, c["D"])
        yield p + "self_attn.o_proj.weight", (c["D"], c["D"])
        yield p + "post_attention_layernorm.weight", (c["D"],)
        yield p + "mlp.gate_proj.weight", (c["F"], c["D"])
        yield p + "mlp.up_proj.weight", (c["F"], c["D"])
        yield p + "mlp.down_proj.weight", (c["D"], c["F"])
    yield "model.norm.weight", (c["D"],)
    if not c["tied"]:
        yield "lm_head.weight", (c["V"], c["D"])


def norm(x, weight, eps):
    return x / math.sqrt(float((x * x).mean()) + eps) * weight


def rotate(x, position, theta):
    half = len(x) // 2
    out = x.clone()
    for i in range(half):
        angle = position * theta ** (-2.0 * i / len(x))
        out[i] = x[i] * math.cos(angle) - x[i + half] * math.sin(angle)
        out[i + half] = x[i + half] * math.cos(angle) + x[i] * math.sin(angle)
    return out


def forward(c, w, tokens):
    width = c["D"] // c["H"]
    stream = [w["model.embed_tokens.weight"][t].clone() for t in tokens]
    for layer in range(c["L"]):
        p = f"model.layers.{layer}."
        normed = [norm(x, w[p + "input_layernorm.weight"], c["eps"]) for x in stream]
        q = [w[p + "self_attn.q_proj.weight"] @ x for x in normed]
        k = [w[p + "self_attn.k_proj.weight"] @ x for x in normed]
        v = [w[p + "self_attn.v_proj.weight"] @ x for x in normed]
        for t in range(len(tokens)):
            heads = []
            for h in range(c["H"]):
                g = h // (c["H"] // c["G"])
                query = rotate(q[t][h * width:(h + 1) * width], t, c["theta"])
                scores = torch.stack([
                    query @ rotate(k[u][g * width:(g + 1) * width], u, c["theta"]) / math.sqrt(width)
                    for u in range(t + 1)])
                shares = torch.softmax(scores, 0)
                heads.append(sum(shares[u] * v[u][g * width:(g + 1) * width] for u in range(t + 1)))
            stream[t] = stream[t] + w[p + "self_attn.o_proj.weight"] @ torch.cat(heads)
        for t in range(len(tokens)):
            x = norm(stream[t], w[p + "post_attention_layernorm.weight"], c["eps"])
            gate = w[p + "mlp.gate_proj.weight"] @ x
            inner = gate * torch.sigmoid(gate) * (w[p + "mlp.up_proj.weight"] @ x)
            stream[t] = stream[t] + w[p + "mlp.down_proj.weight"] @ inner
    out = w["model.embed_tokens.weight"] if c["tied"] else w["lm_head.weight"]
    return torch.stack([out @ norm(x, w["model.norm.weight"], c["eps"]) for x in stream])


def case(c, seed):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in names_and_shapes(c):
        drawn = torch.randn(shape, generator=generator) * 0.4 + (1.0 if len(shape) == 1 else 0.0)
        weights[name] = (drawn * 1024).round() / 1024  # short in JSON, exact in float32
    exact = {name: weight.double() for name, weight in weights.items()}
    logits = [forward(c, exact, row) for row in TOKENS]
    return dict(
        config=c, tokens=TOKENS,
        weights={name: weight.flatten().tolist() for name, weight in weights.items()},
        logits=[[round(value, 8) for value in row.flatten().tolist()] for row in logits])


print(json.dumps(dict(torch=torch.__version__, cases=[case(c, 40 + i) for i, c in enumerate(CASES)])))
