"""The other side of `proofs.repair_peers`: a pretrained ResNet pruned by Torch-Pruning 1.6.1.

    pip install torch==2.13.0 torch-pruning==1.6.1   # in another environment
    python proofs/torch_side.py WEIGHTS.npz IMAGES.npz OUT --depth 56 --target 2

Reads the weights that `proofs.resnets` reads, and images and labels to judge filters by; writes one
.npz of the same names for each importance. Torch-Pruning cannot follow the shortcuts of these
networks (option A: padded with zeros; it ends in an IndexError), so that it is given the filters
within each block to prune, all it can, and the smallest ratio that removes as many MACs as asked.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch_pruning as tp
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two convolutions and an option A shortcut."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.missing = stride, (width - before) // 2

    def forward(self, x: Any) -> Any:
        """Return the sum of both ways."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.missing, self.missing))
        return F.relu(x + y)


class ResNet(nn.Module):
    """A ResNet of 6n+2 layers for CIFAR-10."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        widths = (16, 16, 32, 64)
        for stage in (1, 2, 3):
            blocks = [
                Block(widths[stage - (at == 0)], widths[stage], 2 if stage > 1 and at == 0 else 1)
                for at in range((depth - 2) // 6)
            ]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Any) -> Any:
        """Return ten logits."""
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


IMPORTANCES: dict[str, Callable[[], Any]] = {
    "l2": lambda: tp.importance.GroupMagnitudeImportance(p=2),
    "l2, not normalized": lambda: tp.importance.GroupMagnitudeImportance(p=2, normalizer=None),
    "taylor": tp.importance.GroupTaylorImportance,
    "taylor, not normalized": lambda: tp.importance.GroupTaylorImportance(normalizer=None),
    "hessian": tp.importance.GroupHessianImportance,
    "hessian, not normalized": lambda: tp.importance.GroupHessianImportance(normalizer=None),
    "lamp": tp.importance.LAMPImportance,
    "fpgm": tp.importance.FPGMImportance,
}


def pruned(dense: nn.Module, name: str, ratio: float, x: Any, y: Any) -> nn.Module:
    """Return a copy without a share of the filters within its blocks, ranked over all blocks."""
    model, importance = copy.deepcopy(dense), IMPORTANCES[name]()
    blocks = [m for m in model.modules() if isinstance(m, Block)]
    kept = [model.linear, model.conv1, *(block.conv2 for block in blocks)]
    pruner = tp.pruner.MetaPruner(
        model, x[:1], importance, global_pruning=True, pruning_ratio=ratio, ignored_layers=kept
    )
    if "taylor" in name:
        F.cross_entropy(model(x), y).backward()
    elif "hessian" in name:
        importance.zero_grad()
        for one, label in zip(x, y, strict=True):
            model.zero_grad()
            F.cross_entropy(model(one[None]), label[None]).backward()
            importance.accumulate_grad(model)
    pruner.step()
    return model


def main() -> None:
    """Prune by each importance to the same MACs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument(
        "images", type=Path, help="x (n, 32, 32, 3) as the network takes it, y (n,)"
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--depth", type=int, default=56)
    parser.add_argument("--target", type=float, default=2.0, help="times fewer MACs")
    arguments = parser.parse_args()
    dense = ResNet(arguments.depth)
    with np.load(arguments.weights) as file:
        dense.load_state_dict({k: torch.tensor(file[k]) for k in file.files}, strict=False)
    dense.eval()
    with np.load(arguments.images) as file:
        x, y = torch.tensor(file["x"].transpose(0, 3, 1, 2)), torch.tensor(file["y"]).long()
    macs = tp.utils.count_ops_and_params(dense, x[:1])[0]
    for name in IMPORTANCES:
        low, high = 0.0, 0.95
        for _ in range(7):
            middle = (low + high) / 2
            found = pruned(dense, name, middle, x, y)
            enough = tp.utils.count_ops_and_params(found, x[:1])[0] <= macs / arguments.target
            low, high = (low, middle) if enough else (middle, high)
        found = pruned(dense, name, high, x, y)
        arrays = {k: v.numpy() for k, v in found.state_dict().items() if "num_batches" not in k}
        np.savez(arguments.out / f"{name}.npz", **arrays)
        less = macs / tp.utils.count_ops_and_params(found, x[:1])[0]
        print(
            f"{name}: {high:.3f} of the filters within blocks, {less:.2f}x fewer MACs", flush=True
        )


if __name__ == "__main__":
    main()
