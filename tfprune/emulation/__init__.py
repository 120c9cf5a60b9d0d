"""ARM64 without a phone: the real aarch64 LiteRT under qemu-user, and exact instruction counts."""

from __future__ import annotations

from tfprune.emulation.counting import Counter, Instructions
from tfprune.emulation.cpus import CPUS
from tfprune.emulation.place import Setup, find_setup
from tfprune.emulation.setting_up import setup_arm64
from tfprune.emulation.targets import TARGETS, Target, find_target

__all__ = [
    "CPUS",
    "TARGETS",
    "Counter",
    "Instructions",
    "Setup",
    "Target",
    "find_setup",
    "find_target",
    "setup_arm64",
]
