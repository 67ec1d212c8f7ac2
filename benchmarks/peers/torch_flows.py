#!/usr/bin/env python3
"""The models of `deno task bench:engine` in PyTorch, as its users write them; one JSON line each.

    torch_flows.py --threads 2 --seconds 1 --models maf_1x1024,nice_5x1000

Each line has the times of training steps (Adam) and of density evaluations, in milliseconds.
Masks are multiplied into dense weights at every pass; sampling takes one full pass per coordinate.
`--sample` also draws one batch from the autoregressive models, which takes a minute.
"""
import argparse
import json
import math
import time

import torch
from torch import nn


def mlp(sizes):
    parts = []
    for i, (n, m) in enumerate(zip(sizes, sizes[1:])):
        parts.append(nn.Linear(n, m))
        if i < len(sizes) - 2:
            parts.append(nn.ReLU())
    return nn.Sequential(*parts)


class MaskedLinear(nn.Linear):
    def __init__(self, mask):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x):
        return nn.functional.linear(x, self.mask * self.weight, self.bias)


class Made(nn.Module):
    """x -> (shift, raw scale), each coordinate from those before it."""

    def __init__(self, dim, hidden, is_reversed):
        super().__init__()
        degrees = [torch.arange(1, dim + 1)]
        if is_reversed:
            degrees[0] = degrees[0].flip(0)
        degrees += [torch.arange(h) % max(1, dim - 1) + 1 for h in hidden]
        layers = []
        for before, after in zip(degrees, degrees[1:]):
            layers += [MaskedLinear((after[:, None] >= before[None, :]).float()), nn.ReLU()]
        last = (degrees[0][:, None] > degrees[-1][None, :]).float()
        self.net = nn.Sequential(*layers, MaskedLinear(torch.cat([last, last])))

    def forward(self, x):
        return self.net(x).chunk(2, -1)


def log_scale(raw):
    return 2 * torch.tanh(raw / 2)


def log_normal(z):
    return -0.5 * (z * z).sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)


class Maf(nn.Module):
    def __init__(self, dim, hidden, layers):
        super().__init__()
        self.dim = dim
        self.layers = nn.ModuleList(Made(dim, hidden, i % 2 == 1) for i in range(layers))

    def log_prob(self, x):
        total = 0.0
        for made in self.layers:
            shift, raw = made(x)
            log_s = log_scale(raw)
            x = (x - shift) * torch.exp(-log_s)
            total = total - log_s.sum(-1)
        return total + log_normal(x)

    def sample(self, z):
        for made in reversed(self.layers):
            x = torch.zeros_like(z)
            for _ in range(self.dim):
                shift, raw = made(x)
                x = z * torch.exp(log_scale(raw)) + shift
            z = x
        return z


class Couplings(nn.Module):
    """RealNVP (affine) or NICE (additive, with a diagonal scaling at the end)."""

    def __init__(self, dim, hidden, layers, is_affine):
        super().__init__()
        self.halves = (dim - dim // 2, dim // 2)
        self.is_affine = is_affine
        self.nets = nn.ModuleList()
        for k in range(layers):
            kept, moved = self.halves if k % 2 == 0 else self.halves[::-1]
            self.nets.append(mlp([kept, *hidden, moved * (2 if is_affine else 1)]))
        self.scaling = None if is_affine else nn.Parameter(torch.zeros(dim))

    def log_prob(self, x):
        halves, total = list(x.split(self.halves, -1)), 0.0
        for k, net in enumerate(self.nets):
            out = net(halves[k % 2])
            moved = halves[1 - k % 2]
            if self.is_affine:
                shift, raw = out.chunk(2, -1)
                log_s = log_scale(raw)
                moved = moved * torch.exp(log_s) + shift
                total = total + log_s.sum(-1)
            else:
                moved = moved + out
            halves[1 - k % 2] = moved
        z = torch.cat(halves, -1)
        if self.scaling is not None:
            z = z * torch.exp(self.scaling)
            total = total + self.scaling.sum()
        return total + log_normal(z)


class Regression(nn.Module):
    """Squared error of a perceptron, in the shape of a density."""

    def __init__(self, sizes):
        super().__init__()
        self.net = mlp(sizes)

    def log_prob(self, x):
        return -((self.net(x) - x) ** 2).mean(-1)


MODELS = {
    "mlp_784_1024_1024_784": (784, 100, lambda: Regression([784, 1024, 1024, 784])),
    "maf_1x1024": (784, 100, lambda: Maf(784, [1024], 5)),
    "maf_2x1024": (784, 100, lambda: Maf(784, [1024, 1024], 5)),
    "nice_5x1000": (784, 100, lambda: Couplings(784, [1000] * 5, 4, False)),
    "realnvp_2x1024": (784, 100, lambda: Couplings(784, [1024, 1024], 5, True)),
    "realnvp_2d_2x32": (2, 256, lambda: Couplings(2, [32, 32], 5, True)),
}


def times_ms(run, seconds):
    for _ in range(2):
        run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or (time.perf_counter() < end and len(times) < 200):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blas-threads", type=int, required=True, help="as the environment has it")
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--sample", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.models.split(","):
        dim, batch, create = MODELS[name]
        torch.manual_seed(0)
        model, x = create(), torch.randn(batch, dim)
        optimizer = torch.optim.Adam(model.parameters(), 1e-4)

        def step():
            optimizer.zero_grad(set_to_none=True)
            (-model.log_prob(x).mean()).backward()
            optimizer.step()

        row = {
            "model": name,
            "torch": torch.__version__,
            "threads": args.threads,
            # MKL hears of torch.set_num_threads, OpenBLAS of its environment alone.
            "blas_threads": args.threads if torch.backends.mkl.is_available() else args.blas_threads,
            "train_step": times_ms(step, args.seconds),
        }
        with torch.no_grad():
            row["density"] = times_ms(lambda: model.log_prob(x), args.seconds)
            if args.sample and hasattr(model, "sample"):
                start = time.perf_counter()
                model.sample(torch.randn(batch, dim))
                row["sample"] = [(time.perf_counter() - start) * 1e3]
        print(json.dumps(row), flush=True)


main()
