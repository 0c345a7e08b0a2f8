"""The peer of bench/throughput. For each line `json PATH` or `load PATH` on standard input the answer is the seconds.

json: every line of a file of JSON lines is parsed. load: torch.load of the weights of a safetensors file, which are saved
by torch.save beside it the first time.
"""
import json
import os
import struct
import sys
import time

import torch


def saved(path):
    copy = path + ".pt"
    if not os.path.exists(copy):
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            data = file.read()
        torch.save({name: torch.frombuffer(bytearray(data[slice(*entry["data_offsets"])]), dtype=torch.float32).view(entry["shape"])
                    for name, entry in header.items() if name != "__metadata__"}, copy)
    return copy


print(f"Python {sys.version.split()[0]}, PyTorch {torch.__version__}", flush=True)
for request in sys.stdin:
    way, path = request.rstrip("\n").split(" ", 1)
    path = saved(path) if way == "load" else path
    start = time.perf_counter()
    if way == "load":
        count = sum(tensor.numel() for tensor in torch.load(path).values())
    else:
        with open(path, encoding="utf-8") as lines:
            count = len([json.loads(line) for line in lines])
    print(f"{time.perf_counter() - start:.6f}", flush=True)
