"""Where a .tflite file can be run from here, and the command that does it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from tfprune.emulation.cpus import CPUS
from tfprune.emulation.place import PathLike, find_setup
from tfprune.errors import PruneError

TARGETS = ("host", "arm64", "x86-noavx")
NO_AVX = "Nehalem"
DEFAULT_CPU = "cortex-a76"


@dataclass(frozen=True)
class Target:
    """One machine to run on.

    Args:
        name: One of `TARGETS`.
        launcher: The command that runs a Python script there, for `Runner(launcher=...)`.
        how: How it runs, for readers: `"natively"`, or the emulator and the core.
    """

    name: str
    launcher: tuple[str, ...]
    how: str

    @property
    def emulated(self) -> bool:
        """Whether its times mean nothing."""
        return self.how != "natively"


def find_target(name: str, cpu: str = DEFAULT_CPU, cache: PathLike | None = None) -> Target:
    """Return the target of this name.

    `"arm64"` is the aarch64 LiteRT of the same version under QEMU, or this Python itself on an
    ARM64 host. `"x86-noavx"` is this Python on an emulated core without AVX, where XNNPACK runs
    its sparse kernels as on ARM (`xnn_is_chw_compatible_config` in its hardware-config.h).

    Args:
        name: One of `TARGETS`.
        cpu: The core for `"arm64"`, one of `CPUS`; an ARM64 host is what it is.
        cache: The folder of tfprune's caches, as in `setup_arm64`.

    Raises:
        PruneError: no such target or core.
        MissingExtra: it must be set up first: `tfprune setup-arm64`.

    Example:
        >>> find_target("host").how
        'natively'
    """
    if name not in TARGETS:
        raise PruneError(f"target={name!r}", "unknown", f"one of {', '.join(TARGETS)}")
    check_cpu(cpu)
    if name == "host" or (name == "arm64" and is_arm64()):
        return Target(name, (sys.executable,), "natively")
    if name == "x86-noavx" and platform.machine().lower() not in ("x86_64", "amd64"):
        found = f"this host is {platform.machine()}, its Python is no x86 program"
        raise PruneError(f"target={name!r}", found, "use arm64")
    setup = find_setup(f"target={name!r}", cache)
    if name == "arm64":
        return Target(name, tuple(setup.arm64_python(cpu)), f"QEMU {setup.qemu}, {cpu}")
    return Target(name, tuple(setup.x86_python(NO_AVX)), f"QEMU {setup.qemu}, {NO_AVX}")


def is_arm64() -> bool:
    """Whether this host runs ARM64 code itself."""
    return platform.machine().lower() in ("aarch64", "arm64")


def check_cpu(cpu: str) -> None:
    """Refuse a core that has no sysroot.

    Example:
        >>> check_cpu("cortex-a99")
        Traceback (most recent call last):
        ...
        tfprune.errors.PruneError: asked: cpu='cortex-a99'
        found: unknown
        fix: one of cortex-a76, cortex-a53
    """
    if cpu not in CPUS:
        raise PruneError(f"cpu={cpu!r}", "unknown", f"one of {', '.join(CPUS)}")
