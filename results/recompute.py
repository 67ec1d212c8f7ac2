"""Recomputes the test NLLs of saved flows by code that shares nothing with the code that made them.

    python3 recompute.py [--images N] [--digit D] [--noise-seed S] [--label-only] MNIST_DIR FLOW.safetensors...

MNIST_DIR has t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, or both with .gz behind. Needs NumPy and
PyTorch. Prints a CSV line for each flow, of the first N test images (default: all of them):

    nll_nats, nll_se     mean of -log p(x) over images, x = (k + u) / 256 in [0, 1), and its standard error
    bits_per_dim         (nll_nats + D log 256) / (D log 2); also its least, median and largest over images
    worst_image          index of the image with the largest
    nll_nats_marginal    of a flow with classes, mean of -log 1/K sum_y p(x | y); the others are of p(x | label).
                         It takes K densities of each image: --label-only leaves it out

Written in float64 from the documentation of the classes and from the papers:

    NICE     Dinh et al. 2015     RealNVP  Dinh et al. 2017          Glow  Kingma and Dhariwal 2018
    IAF      Kingma et al. 2016   MAF      Papamakarios et al. 2017  MADE  Germain et al. 2015
    variational dequantisation    Ho et al. 2019 (Flow++)

The noise u is that of published numbers, drawn here by the generator that the suite's documentation names, so
that single precision is all that numbers differ by. With --noise-seed it is NumPy's: a mean over 10,000 images has
a standard deviation of 2e-4 to 6e-4 bits/dim over seeds (measured with flat flows).
A file is refused if it has an option or a tensor that is not accounted for.
"""
import argparse
import gzip
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

DTYPES = {"F16": "<f2", "F32": "<f4", "I32": "<i4"}
COMMON = {"family", "familyVersion", "eventShape", "layers", "hidden", "activation", "base"}
OPTIONAL = {"logitAlpha", "classes", "dequantization", "greyLevels", "untiedBias", "components"}
OPTIONS = {  # of vectors; images add levels and network. zeroOutput and inversion do not change a density
    "nice": {"actnorm", "zeroOutput"},
    "realnvp": {"scaleMap", "actnorm"},
    "glow": {"scaleMap"},
    "maf": {"scaleMap", "actnorm", "inversion"},
    "iaf": {"scaleMap", "actnorm", "inversion"},
}
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}
SCALE_MAPS = {
    "exp": lambda a: a,
    "tanh": lambda a: 2 * torch.tanh(a / 2),
    "sigmoid2": lambda a: F.logsigmoid(a + 2),
}
BASES = {
    "normal": lambda z: -z**2 / 2 - math.log(2 * math.pi) / 2,
    "logistic": lambda z: -F.softplus(z) - F.softplus(-z),
}
ROWS = [(0, 0), (0, 1), (1, 0), (1, 1)]
CHECKERBOARD = [(0, 0), (1, 1), (0, 1), (1, 0)]


def read_idx(folder, name):
    """The array of an IDX file of bytes, compressed or not."""
    path = os.path.join(folder, name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz") as file:
        data = file.read()
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: not an IDX file of bytes")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(np.frombuffer(data, ">i4", data[3], 4))


def hash128(text):
    """Four lanes of FNV-1a with different offsets, each finished by the fmix32 of MurmurHash3."""
    for lane, h in enumerate((0x811C9DC5, 0x9E3779B9, 0x7F4A7C15, 0x94D049BB)):
        for byte in text.encode():
            h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
        h ^= len(text.encode()) + lane
        h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
        h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
        yield h ^ h >> 16


def suite_noise(dataset, count):
    """The suite's test noise of a data set: 24 bits of each word of xoroshiro128+ (Blackman and Vigna 2018)."""
    word = 0xFFFFFFFFFFFFFFFF
    high0, low0, high1, low1 = hash128(f"784/test noise/{dataset}")
    s0, s1 = high0 << 32 | low0, high1 << 32 | low1
    out = np.empty(count)
    for i in range(count):
        out[i] = (s0 + s1 & 0xFFFFFFFF) >> 8
        s1 ^= s0
        s0 = (s0 << 24 & word | s0 >> 40) ^ s1 ^ (s1 << 16 & word)
        s1 = s1 << 37 & word | s1 >> 27
    return out / 2**24


def read_safetensors(path):
    """The metadata and the tensors of a file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata, tensors = header.pop("__metadata__"), {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.astype(np.int64 if entry["dtype"] == "I32" else np.float64))
    return metadata, tensors


def choose(table, kind, name):
    """The entry of a table, or an error that names what is unknown."""
    if name not in table:
        raise ValueError(f"unknown {kind}: {name!r}")
    return table[name]


def per_channel(v, x):
    """A vector of one number per coordinate or channel, shaped to go with x."""
    return v.reshape(-1, *[1] * (x.dim() - 2))


def squeeze(x, places):
    """Each 2 x 2 square becomes one pixel, its pixels' channels one after the other."""
    return torch.cat([x[:, :, line::2, column::2] for line, column in places], 1)


def unsqueeze(x, places):
    """The inverse of squeeze."""
    out = x.new_empty(len(x), x.shape[1] // 4, 2 * x.shape[2], 2 * x.shape[3])
    for part, (line, column) in zip(x.chunk(4, 1), places):
        out[:, :, line::2, column::2] = part
    return out


def hidden_degrees(dim, width):
    """The degrees of a hidden layer of MADE: 1 to dim - 1, sorted and spread evenly."""
    return 1 + torch.arange(width) * (dim - 1) // width


class Flow:
    """A saved flow. Data are [batch, dim] or [batch, channels, height, width]."""

    def __init__(self, path):
        """Reads a file and checks that all of its options are known."""
        metadata, self.tensors = read_safetensors(path)
        self.unused = set(self.tensors)
        self.config = config = json.loads(metadata["config"])
        self.family, self.shape = config["family"], config["eventShape"]
        self.images = len(self.shape) == 3
        known = COMMON | choose(OPTIONS, "family", self.family) | ({"levels", "network"} if self.images else set())
        odd = set(config) - OPTIONAL ^ known
        if self.images and self.family not in ("realnvp", "glow"):
            raise ValueError(f"{path}: {self.family} is of vectors only")
        if odd or metadata["format"] != "flowbench/1" or config["familyVersion"] != 1:
            raise ValueError(f"{path}: unknown or missing options {sorted(odd)}, or another version")
        methods = ("uniform", "variational") if self.images else ("uniform",)
        if config.get("dequantization", "uniform") not in methods or config.get("network", "plain") != "plain":
            raise ValueError(f"{path}: only uniform and (of images) variational dequantisation and plain networks known")
        self.classes = config.get("classes")
        self.activation = choose(ACTIVATIONS, "activation", config["activation"])
        self.scale_map = choose(SCALE_MAPS, "scale map", config["scaleMap"]) if "scaleMap" in config else None
        self.base = choose(BASES, "base", config["base"])
        self.actnorm_or_not = self.actnorm if config.get("actnorm", True) else lambda name, x: x

    def take(self, name):
        """A tensor of the file."""
        self.unused.discard(name)
        return self.tensors[name]

    def log_prob(self, x, labels):
        """log p(x), or log p(x | label), of a batch in [0, 1)."""
        self.labels, self.log_density = labels, torch.zeros(len(x))
        x = x.reshape(-1, *self.shape)
        if self.images:
            x = x.permute(0, 3, 1, 2)
        if self.config.get("dequantization", "uniform") == "variational":
            x = self.dequantizer(x)
        if self.config.get("greyLevels", "equal") != "equal":
            x = self.grey_levels(x)
        alpha = self.config.get("logitAlpha")
        if alpha is not None:
            x = self.logit(x, alpha)
        family = self.multi_scale if self.images else getattr(self, self.family)
        self.add(self.base(family(x)))
        if self.unused:
            raise ValueError(f"tensors were not used: {sorted(self.unused)}")
        return self.log_density

    def add(self, terms):
        """Adds to the log-density of each example what is to be summed."""
        self.log_density = self.log_density + terms.flatten(1).sum(1)

    def logit(self, x, alpha):
        """log y - log(1 - y) of y = alpha + (1 - 2 alpha) x."""
        low, high = alpha + (1 - 2 * alpha) * x, alpha + (1 - 2 * alpha) * (1 - x)
        self.add(math.log(1 - 2 * alpha) - torch.log(low) - torch.log(high))
        return torch.log(low) - torch.log(high)

    def dequantizer(self, x):
        """(k + T_k(u)) / 256 of x = (k + u) / 256: T_k maps the noise by 4 couplings that see the whole image k."""
        k = torch.floor(256 * x)
        noise = squeeze(self.logit(256 * x - k, 2**-17), CHECKERBOARD)  # black fields, white fields
        image = squeeze(k / 128 - 1, CHECKERBOARD)
        for i in range(4):
            noise = self.coupling(f"dequantizer/layer{i}", noise, i % 2, between=image)
        self.add(F.logsigmoid(noise) + F.logsigmoid(-noise))
        v = unsqueeze(torch.sigmoid(noise), CHECKERBOARD)
        return (k + v.clamp(max=1 - 2**-16)) / 256

    def grey_levels(self, x):
        """[0, 1) nearly onto itself: of L levels the numbers from k / L to (k + 1) / L become p_k wide, in order."""
        p = torch.softmax(self.take("greyLevels/logShares") + self.take("greyLevels/logWidths"), 0) / (1 + 2**-21)
        levels = len(p)
        ends, k = torch.cumsum(p, 0), torch.floor(levels * x).long()
        self.add(torch.log(levels * p[k]))
        return ends[k] - (k + 1 - levels * x) * p[k]

    def nice(self, x):
        """NICE over vectors."""
        x = self.actnorm_or_not("actnorm", self.permutation("order", x))
        for k in range(self.config["layers"]):
            x = self.coupling(f"layer{k}/coupling", x, k % 2)
        log_scale = self.take("scaling/logScale")
        self.add(log_scale.expand_as(x))
        return x * torch.exp(log_scale)

    def realnvp(self, x):
        """RealNVP over vectors."""
        x = self.permutation("order", x)
        for k in range(self.config["layers"]):
            x = self.coupling(f"layer{k}/coupling", self.actnorm_or_not(f"layer{k}/actnorm", x), k % 2)
        return x

    def glow(self, x):
        """Glow over vectors."""
        for k in range(self.config["layers"]):
            x = self.glow_step(f"layer{k}", x, k % 2)
        return x

    def maf(self, x):
        """MAF: the first layer in ascending order, the next in descending order, and so on."""
        for k in range(self.config["layers"]):
            x = self.actnorm_or_not(f"layer{k}/actnorm", x)
            mean, log_scale = self.made(f"layer{k}/made", x, k % 2)
            self.add(-log_scale)
            x = (x - mean) * torch.exp(-log_scale)
        return x

    def iaf(self, x):
        """IAF: the inverse of a MAF as a whole, so that data meet its last layer first."""
        for k in reversed(range(self.config["layers"])):
            y, x = x, self.made_inverse(f"layer{k}/made", x, k % 2)
            mean, log_scale = self.made(f"layer{k}/made", x, k % 2)
            self.add(log_scale)
            if not torch.allclose((x - mean) * torch.exp(-log_scale), y, 1e-8, 1e-8):
                raise ArithmeticError(f"layer {k} has not been inverted")
            if self.config["actnorm"]:
                log_scale = self.take(f"layer{k}/actnorm/logScale")
                self.add(-log_scale.expand_as(x))
                x = (x - self.take(f"layer{k}/actnorm/bias")) * torch.exp(-log_scale)
        return x

    def multi_scale(self, x):
        """RealNVP and Glow over images: what is split off is scored at once, what is left is returned."""
        for level in range(self.config["levels"]):
            at, steps = f"level{level}", range(self.config["layers"])
            if self.family == "glow":
                x = squeeze(x, ROWS)
                for k in steps:
                    x = self.glow_step(f"{at}/layer{k}", x, 0)
            else:
                x = squeeze(x, CHECKERBOARD)
                for mask in "checkerboard", "channel":
                    for k in steps:
                        x = self.actnorm_or_not(f"{at}/{mask}{k}/actnorm", x)
                        x = self.coupling(f"{at}/{mask}{k}/coupling", x, k % 2)
                    x = self.permutation(f"{at}/order", x) if mask == "checkerboard" else x
            if level < self.config["levels"] - 1:
                x, latent = self.coupling(f"{at}/prior", x, 0, hidden=0).chunk(2, 1)
                self.add(self.base(latent))
        return x

    def glow_step(self, name, x, keep):
        """Actnorm, the linear map x P (I + L) (U + diag(exp(logDiagonal))), and a coupling."""
        x = self.permutation(f"{name}/linear", self.actnorm(f"{name}/actnorm", x))
        lower, upper = self.take(f"{name}/linear/lower"), self.take(f"{name}/linear/upper")
        if torch.triu(lower).any() or torch.tril(upper).any():
            raise ValueError(f"{name}/linear: not strictly triangular")
        log_diagonal = self.take(f"{name}/linear/logDiagonal")
        self.add(per_channel(log_diagonal, x).expand_as(x))
        weight = (torch.eye(len(lower)) + lower) @ (upper + torch.diag(torch.exp(log_diagonal)))
        return self.coupling(f"{name}/coupling", (x.movedim(1, -1) @ weight).movedim(-1, 1), keep)

    def actnorm(self, name, x):
        """A scale and a bias per coordinate or channel."""
        log_scale = per_channel(self.take(f"{name}/logScale"), x)
        self.add(log_scale.expand_as(x))
        return x * torch.exp(log_scale) + per_channel(self.take(f"{name}/bias"), x)

    def permutation(self, name, x):
        """Coordinates or channels reordered: z_i = x_order[i]."""
        order = self.take(f"{name}/order")
        if not torch.equal(order[self.take(f"{name}/inverseOrder")], torch.arange(x.shape[1])):
            raise ValueError(f"{name}: not a permutation and its inverse")
        return x[:, order]

    def coupling(self, name, x, keep, hidden=None, between=None):
        """Shifts and scales one half, given the other: keep 0 keeps the first, the larger of odd numbers.

        The dequantizer's has what is seen between the halves, no mixture and no classes.
        """
        halves = list(x.tensor_split([(x.shape[1] + 1) // 2], 1))
        layers = 1 + (len(self.config["hidden"]) if hidden is None else hidden)
        own, moved = between is None, halves[1 - keep]
        seen = halves[keep] if own else torch.cat([between, halves[1]] if keep else [halves[0], between], 1)
        params = self.network(name, seen, layers, told=own)
        if own and self.config.get("components", 1) > 1:
            halves[1 - keep] = self.mixture(moved, params, self.config["components"])
        elif self.scale_map is None:
            halves[1 - keep] = moved + params
        else:
            shift, raw = params.chunk(2, 1)
            log_scale = self.scale_map(raw)
            self.add(log_scale)
            halves[1 - keep] = moved * torch.exp(log_scale) + shift
        return torch.cat(halves, 1)

    def mixture(self, x, params, components):
        """The logit of the distribution function of a mixture of logistic distributions, of each number."""
        shift, raw, weight = params.unflatten(1, (3, x.shape[1], components)).unbind(1)
        centers = torch.linspace(-2, 2, components).reshape(-1, *[1] * (x.dim() - 2))
        log_scale, log_weight = self.scale_map(raw), torch.log_softmax(weight, 2)
        u = (x.unsqueeze(2) - shift - centers) * torch.exp(-log_scale)
        left, right = log_weight + F.logsigmoid(u), log_weight + F.logsigmoid(-u)
        below, above = torch.logsumexp(left, 2), torch.logsumexp(right, 2)
        self.add(torch.logsumexp(left + right - log_weight - log_scale, 2) - below - above)
        return below - above

    def context(self, name):
        """What the class adds to the sums of a network's first layer, [batch, width]; without classes 0."""
        return 0 if self.classes is None else self.take(f"{name}/context")[self.labels]

    def network(self, name, x, layers, masks=None, told=True):
        """A multilayer perceptron, or a convolutional network: 3 x 3 first and last, 1 x 1 between.

        Of a flow with classes it is told of the class, but in the dequantizer.
        """
        for k in range(layers):
            kernel, bias = self.take(f"{name}/kernel{k}"), self.take(f"{name}/bias{k}")
            if x.dim() == 2:
                x = x @ (kernel if masks is None else kernel * masks[k]) + bias
            else:
                side = 3 if k in (0, layers - 1) else 1
                kernel = kernel.reshape(side, side, x.shape[1], -1).permute(3, 2, 0, 1)
                x = F.conv2d(x, kernel, bias, padding=side // 2)
            if k == 0 and self.config.get("untiedBias"):  # [height, width, channels]
                x = x + self.take(f"{name}/untiedBias").permute(2, 0, 1)
            if k == 0 and told and self.classes is not None:
                x = x + self.context(name).reshape(*x.shape[:2], *[1] * (x.dim() - 2))
            x = self.activation(x) if k < layers - 1 else x
        return x

    def made(self, name, x, descending):
        """Mean and log-scale of each coordinate by a masked network, given the coordinates before it."""
        dim = x.shape[1]
        inputs = torch.arange(dim, 0, -1) if descending else torch.arange(1, dim + 1)
        degrees = [inputs] + [hidden_degrees(dim, width) for width in self.config["hidden"]]
        masks = [a[:, None] <= b for a, b in zip(degrees, degrees[1:])] + [degrees[-1][:, None] < inputs.repeat(2)]
        mean, raw = self.network(name, x, len(masks), masks).chunk(2, 1)
        return mean, self.scale_map(raw)

    def made_inverse(self, name, y, descending):
        """x of y = (x - mean) / scale, coordinate by coordinate, each unit as soon as its inputs are known."""
        dim, layers = y.shape[1], len(self.config["hidden"]) + 1
        kernels = [self.take(f"{name}/kernel{k}") for k in range(layers)]
        biases = [self.take(f"{name}/bias{k}") + (self.context(name) if k == 0 else 0) for k in range(layers)]
        if descending:  # the same network of reversed coordinates is in ascending order
            y, kernels[0] = y.flip(1), kernels[0].flip(0)
            for last in kernels, biases:
                last[-1] = last[-1].unflatten(-1, (2, dim)).flip(-1).flatten(-2)
        y, biases = y.T.contiguous(), [bias.expand(y.shape[0], -1).T for bias in biases]
        degrees = [torch.arange(1, dim + 1)] + [hidden_degrees(dim, width) for width in self.config["hidden"]]
        ends = [torch.searchsorted(d, torch.arange(dim + 1), right=True).tolist() for d in degrees]
        values = [torch.zeros(len(d), y.shape[1]) for d in degrees]  # x, then the hidden layers
        for degree in range(1, dim + 1):
            known, i = ends[-1][degree - 1], degree - 1
            mean, raw = kernels[-1][:known, i::dim].T @ values[-1][:known] + biases[-1][i::dim]
            values[0][i] = y[i] * torch.exp(self.scale_map(raw)) + mean
            for k in range(layers - 1):
                known, units = ends[k][degree], slice(ends[k + 1][degree - 1], ends[k + 1][degree])
                sums = kernels[k][:known, units].T @ values[k][:known] + biases[k][units]
                values[k + 1][units] = self.activation(sums)
        return values[0].T.flip(1) if descending else values[0].T


def recompute(path, pixels, labels, batch, label_only):
    """The CSV fields of a flow."""
    flow = Flow(path)
    dim, scores, marginals = pixels.shape[1], [], []
    if dim != math.prod(flow.shape):
        raise ValueError(f"{path}: not a flow of {dim} pixels")
    for x, label in zip(pixels.split(batch), labels.split(batch)):
        scores.append(flow.log_prob(x, label))
        if flow.classes is not None and not label_only:
            each = [flow.log_prob(x, torch.full_like(label, y)) for y in range(flow.classes)]
            marginals.append(torch.logsumexp(torch.stack(each), 0) - math.log(flow.classes))
    nll = -torch.cat(scores)
    bits = (nll + dim * math.log(256)) / (dim * math.log(2))
    numbers = [nll.mean(), nll.std() / math.sqrt(len(nll)), bits.mean(), bits.min(), bits.quantile(0.5), bits.max()]
    marginal = f"{-torch.cat(marginals).mean():.6f}" if marginals else ""
    numbers = ",".join(f"{v:.6f}" for v in numbers)
    return f"{os.path.basename(path)},{flow.family},{len(nll)},{numbers},{int(bits.argmax())},{marginal}"


def main():
    """Reads the command line and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=10000)
    parser.add_argument("--noise-seed", type=int)
    parser.add_argument("--digit", type=int, help="of data set mnist_DIGIT, whose first 1,000 test images the suite scores")
    parser.add_argument("--label-only", action="store_true", help="no nll_nats_marginal, which takes as many densities as classes")
    parser.add_argument("mnist")
    parser.add_argument("flows", nargs="+")
    options = parser.parse_args()
    levels = read_idx(options.mnist, "t10k-images-idx3-ubyte").reshape(-1, 784)
    labels = read_idx(options.mnist, "t10k-labels-idx1-ubyte").astype(np.int64)
    dataset, chosen = "mnist", slice(None)
    if options.digit is not None:
        dataset, chosen = f"mnist_{options.digit}", labels == options.digit
    levels, labels = levels[chosen][: options.images], torch.from_numpy(labels[chosen][: options.images])
    if options.noise_seed is None:
        noise = suite_noise(dataset, levels.size).reshape(levels.shape)
    else:
        noise = np.random.default_rng(options.noise_seed).random(levels.shape)
    pixels = torch.from_numpy((levels + noise) / 256)
    print("file,family,images,nll_nats,nll_se,bits_per_dim,min_bits,median_bits,max_bits,worst_image,nll_nats_marginal")
    for path in options.flows:
        print(recompute(path, pixels, labels, 250, options.label_only), flush=True)


if __name__ == "__main__":
    with torch.no_grad():
        main()
