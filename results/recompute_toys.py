"""Computes the scores of saved flows of the plane by quadrature, by code that shares nothing with the suite's.

    python3 recompute_toys.py DATASET FLOW.safetensors...

Needs NumPy and PyTorch, and recompute.py beside it, whose flows these are. DATASET is a toy density or an energy.
Prints a CSV line for each flow:

    nll_nats    -E log p(x): over what x is made of in the definition of the data set, in equal steps where that is
                uniform along a curve or noise that spreads over much of the plane, else by rules of Gauss. No test
                points, so no sampling error; of flows of mixtures finer rules moved it by 1e-4 at most
    kl_nats     of an energy U, which has none: E log p(x) + U(x) over p itself, plus log Z, both by the trapezoidal
                rule over [-7, 7]^2, which is all that the walls leave, in steps of 0.02. No draws, so no sampling
                error either; half of these steps moved NICE on u1, the roughest, by 6e-4 at most
    mass        of p over that square, of a toy over one about all that the data set reaches, by the same rule: close
                to 1

A toy's KL to the true density is nll_nats less the entropy, column floor_nats of the suite's tables.
"""
import argparse
import math
import os

import numpy as np
import torch

from recompute import Flow, choose


def uniform(count):
    """The middles of equal parts of the unit interval, and their weights."""
    return (torch.arange(count) + 0.5) / count, torch.full((count,), 1 / count)


def interval(count):
    """Nodes and weights of the Gauss-Legendre rule for the unit interval."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(weights / 2)


def normal(count):
    """Nodes and weights of the Gauss-Hermite rule for the standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return torch.from_numpy(nodes), torch.from_numpy(weights / math.sqrt(2 * math.pi))


def normal_in_steps(count):
    """Equal steps within 7.5 standard deviations: for noise along which log p may bend in many places."""
    nodes = torch.linspace(-7.5, 7.5, count)
    weights = torch.exp(-0.5 * nodes**2)
    return nodes, weights / weights.sum()


def one_of(*values):
    """Values that are equally likely."""
    return torch.tensor(values), torch.full((len(values),), 1 / len(values))


def on_circles(r, u, e, f, sigma):
    """Points of circles of radius r, at angle 2 pi u, with normal noise."""
    return r * torch.cos(2 * math.pi * u) + sigma * e, r * torch.sin(2 * math.pi * u) + sigma * f


def moons(inner, u, e, f):
    """Two interleaved half circles."""
    cos, sin = torch.cos(math.pi * u), torch.sin(math.pi * u)
    x, y = torch.where(inner > 0, 1 - cos, cos), torch.where(inner > 0, 0.5 - sin, sin)
    return 2 * x - 1 + 0.2 * e, 2 * y - 0.2 + 0.2 * f


def pinwheel(k, e, f):
    """Five bent arms."""
    f0, f1 = 1 + 0.3 * e, 0.1 * f
    a = 2 * math.pi * k / 5 + torch.exp(f0) / 4
    return 2 * (f0 * torch.cos(a) + f1 * torch.sin(a)), 2 * (f1 * torch.cos(a) - f0 * torch.sin(a))


def swiss_roll(u, e, f):
    """A spiral."""
    t = 1.5 * math.pi * (1 + 2 * u)
    return (t * torch.cos(t) + e) / 5, (t * torch.sin(t) + f) / 5


def two_spirals(s, w, u, v, e, f):
    """Two spirals with uniform and normal noise."""
    n = 3 * math.pi * torch.sqrt(w)
    return (
        s * (-n * torch.cos(n) + 0.5 * u) / 3 + 0.1 * e,
        s * (n * torch.sin(n) + 0.5 * v) / 3 + 0.1 * f,
    )


def checkerboard(k, u, b, v):
    """Uniform on eight squares: two in each of four columns."""
    return 2 * (k + u - 2), 2 * (v - 2 * b + k % 2)


def eight_gaussians(k, e, f):
    """Eight Gaussians on a circle."""
    t = 2 * math.pi * k / 8
    return (4 * torch.cos(t) + 0.5 * e) / 1.414, (4 * torch.sin(t) + 0.5 * f) / 1.414


# How points are made, the variables that they are made of, and the half side of the square.
DATASETS = {
    "moons": (moons, [one_of(0.0, 1.0), uniform(300), normal(16), normal(16)], 8),
    "circles": (lambda *v: on_circles(*v, 0.24), [one_of(1.5, 3.0), uniform(300), normal(16), normal(16)], 8),
    "rings": (lambda *v: on_circles(*v, 0.08), [one_of(0.75, 1.5, 2.25, 3), uniform(400), normal(24), normal(24)], 8),
    "eight_gaussians": (
        eight_gaussians,
        [one_of(*map(float, range(8))), normal_in_steps(301), normal_in_steps(301)],
        8,
    ),
    "pinwheel": (pinwheel, [one_of(*map(float, range(5))), normal_in_steps(301), normal_in_steps(301)], 8),
    "swiss_roll": (swiss_roll, [uniform(600), normal(20), normal(20)], 8),
    "two_spirals": (two_spirals, [one_of(-1.0, 1.0), uniform(400), interval(5), interval(5), normal(8), normal(8)], 8),
    "checkerboard": (checkerboard, [one_of(0.0, 1.0, 2.0, 3.0), interval(96), one_of(0.0, 1.0), interval(96)], 8),
    "banana": (lambda e, f: (((4 * e) ** 2 / 4 + f) / 40, 4 * e / 40), [normal_in_steps(401), normal_in_steps(201)], 4),
}


def normal_energy(t):
    """-log of a normal density, without its constant."""
    return t**2 / 2


def either(a, b):
    """Low where one of two energies is."""
    return -torch.logaddexp(-a, -b)


def ring(x, y):
    """U1: a ring with two modes."""
    modes = either(normal_energy((x - 2) / 0.6), normal_energy((x + 2) / 0.6))
    return normal_energy((torch.hypot(x, y) - 2) / 0.4) + modes


def wave(x):
    """The height at which U2 to U4 have a ridge."""
    return torch.sin(2 * math.pi * x / 4)


# Rezende and Mohamed 2015, table 1.
ENERGIES = {
    "u1": ring,
    "u2": lambda x, y: normal_energy((y - wave(x)) / 0.4),
    "u3": lambda x, y: either(
        normal_energy((y - wave(x)) / 0.35),
        normal_energy((y - wave(x) + 3 * torch.exp(-normal_energy((x - 1) / 0.6))) / 0.35),
    ),
    "u4": lambda x, y: either(
        normal_energy((y - wave(x)) / 0.4),
        normal_energy((y - wave(x) + 3 * torch.sigmoid((x - 1) / 0.3)) / 0.35),
    ),
}


def recompute_energy(flow, dataset):
    """KL of a flow to an energy, which has walls beyond +-4 in both coordinates, and the mass of the flow."""
    line = torch.linspace(-7, 7, 701)
    grid = torch.cartesian_prod(line, line)
    walls = normal_energy(torch.relu(abs(grid) - 4) / 0.4).sum(1)
    energy = ENERGIES[dataset](*grid.T) + walls
    cell = (line[1] - line[0]).item() ** 2
    log_z = torch.logsumexp(-energy, 0).item() + math.log(cell)
    log_p = torch.cat([flow.log_prob(x, None) for x in grid.split(20000)])
    p = torch.exp(log_p) * cell
    return (p @ (log_p + energy)).item() + log_z, p.sum().item()


def recompute_toy(flow, dataset):
    """NLL and mass of a flow."""
    make, variables, side = DATASETS[dataset]
    values = torch.meshgrid(*[nodes for nodes, _ in variables], indexing="ij")
    weights = math.prod(torch.meshgrid(*[weights for _, weights in variables], indexing="ij")).flatten()
    points = torch.stack(make(*[value.flatten() for value in values]), 1)
    nll = -sum(w @ flow.log_prob(x, None) for x, w in zip(points.split(20000), weights.split(20000)))
    line = torch.linspace(-side, side, 801)
    grid = torch.cartesian_prod(line, line)
    mass = sum(torch.exp(flow.log_prob(x, None)).sum() for x in grid.split(20000))
    return nll.item(), mass.item() * (line[1] - line[0]).item() ** 2


def main():
    """Reads the command line and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("flows", nargs="+")
    options = parser.parse_args()
    scores = {**dict.fromkeys(DATASETS, ("nll", recompute_toy)), **dict.fromkeys(ENERGIES, ("kl", recompute_energy))}
    score, recompute = choose(scores, "data set", options.dataset)
    print(f"file,family,dataset,{score}_nats,mass")
    for path in options.flows:
        flow = Flow(path)
        nats, mass = recompute(flow, options.dataset)
        print(f"{os.path.basename(path)},{flow.family},{options.dataset},{nats:.5f},{mass:.5f}", flush=True)


if __name__ == "__main__":
    with torch.no_grad():
        main()
