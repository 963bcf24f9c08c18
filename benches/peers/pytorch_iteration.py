#!/usr/bin/env python3
"""Times one style-transfer iteration in PyTorch, the same as `impasto bench iteration` times.

SqueezeNet 1.1 up to layer 7 (random weights: only the time matters), the starry preset's losses, Adam
over the pixels, clamp. Weights want no gradient; tensors are channels-last, oneDNN's best layout here.

    python3 benches/peers/pytorch_iteration.py --size 192 --threads 2
    python3 benches/peers/pytorch_iteration.py --size 192 --threads 2 --impasto target/release/impasto

With --impasto, that binary's iteration is measured in turn with PyTorch's, and the ratio is printed.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F

STYLE_WEIGHTS = {1: 300000.0, 4: 1000.0, 6: 15.0, 7: 3.0}
CONTENT_LAYER, CONTENT_WEIGHT, TV_WEIGHT = 3, 6e-2, 2e-2


class Fire(torch.nn.Module):
    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze = torch.nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = torch.nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = torch.nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


def network():
    layers = torch.nn.ModuleList(
        [
            torch.nn.Conv2d(3, 64, 3, stride=2),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(3, 2),
            Fire(64, 16, 64),
            Fire(128, 16, 64),
            torch.nn.MaxPool2d(3, 2),
            Fire(128, 32, 128),
            Fire(256, 32, 128),
        ]
    )
    for parameter in layers.parameters():
        parameter.requires_grad_(False)
    return layers.to(memory_format=torch.channels_last).eval()


def features(layers, x):
    outputs = []
    for layer in layers:
        x = layer(x)
        outputs.append(x)
    return outputs


def gram(x):
    _, c, h, w = x.shape
    # In channels-last this is a view, not a copy.
    flat = x.permute(0, 2, 3, 1).reshape(h * w, c)
    return flat.t() @ flat / (h * w * c)


class Iteration:
    def __init__(self, height, width):
        torch.manual_seed(0)
        self.layers = network()
        image = lambda: torch.randn(1, 3, height, width).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            self.content = features(self.layers, image())[CONTENT_LAYER]
            style = features(self.layers, image())
            self.style = {layer: gram(style[layer]) for layer in STYLE_WEIGHTS}
        self.x = image().requires_grad_(True)
        self.optimizer = torch.optim.Adam([self.x], lr=0.05)

    def run(self):
        self.optimizer.zero_grad()
        outputs = features(self.layers, self.x)
        loss = CONTENT_WEIGHT * (outputs[CONTENT_LAYER] - self.content).square().sum()
        for layer, weight in STYLE_WEIGHTS.items():
            loss = loss + weight * (gram(outputs[layer]) - self.style[layer]).square().sum()
        x = self.x
        loss = loss + TV_WEIGHT * (
            (x[:, :, 1:] - x[:, :, :-1]).square().sum() + (x[:, :, :, 1:] - x[:, :, :, :-1]).square().sum()
        )
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            self.x.clamp_(-1.5, 1.5)


def milliseconds(iteration, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        iteration.run()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=192, help="shorter side in pixels; the longer is 4/3 of it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=40, help="iterations a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--impasto", help="the impasto binary to compare with")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    height, width = arguments.size, arguments.size * 4 // 3
    iteration = Iteration(height, width)
    milliseconds(iteration, 10)
    ratios = []
    for _ in range(arguments.rounds):
        theirs = milliseconds(iteration, arguments.iterations)
        line = f"{height}x{width}, {arguments.threads} threads: PyTorch {torch.__version__} {theirs:.1f} ms"
        if arguments.impasto:
            command = [arguments.impasto, "bench", "iteration", "--preset", "starry", "--json"]
            command += ["--size", str(arguments.size), "--threads", str(arguments.threads)]
            ours = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["ms_median"]
            ratios.append(theirs / ours)
            line += f", impasto {ours:.1f} ms, ratio {ratios[-1]:.2f}"
        print(line)
    if ratios:
        print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
