"""The ARM cores that can be emulated, and what Linux tells about them.

LiteRT's cpuinfo library reads /proc/cpuinfo and /sys; on an x86 host under emulation it would find
the host's, and ends with SIGSEGV (measured with ai-edge-litert 2.3.0). So each core has a sysroot
of its own, in front of the common one, with the files that its kernel would show.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_ARMV8_0 = "fp asimd evtstrm aes pmull sha1 sha2 crc32"
_ARMV8_2 = f"{_ARMV8_0} atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"


@dataclass(frozen=True)
class Cpu:
    """One core, as /proc/cpuinfo of Linux on ARM64 describes it.

    Args:
        name: QEMU's name of it, `-cpu NAME`.
        part: `CPU part`, the number in its MIDR_EL1 register (ARM's reference manual of the core).
        variant: `CPU variant`, from the same register.
        features: The hardware capabilities by the names in Linux' Documentation/arch/arm64,
            elf_hwcaps.rst; `asimddp` is the int8 dot product, `asimdhp` float16 arithmetic.
    """

    name: str
    part: int
    variant: int
    features: str

    def cpuinfo(self) -> str:
        """Return the text of /proc/cpuinfo of a machine with one such core."""
        rows = {
            "processor\t": "0",
            "BogoMIPS\t": "38.40",
            "Features\t": self.features,
            "CPU implementer\t": "0x41",
            "CPU architecture": "8",
            "CPU variant\t": f"{self.variant:#x}",
            "CPU part\t": f"{self.part:#x}",
            "CPU revision\t": "0",
        }
        return "".join(f"{name}: {value}\n" for name, value in rows.items()) + "\n"


CPUS = {
    cpu.name: cpu
    for cpu in (
        Cpu("cortex-a76", part=0xD0B, variant=1, features=_ARMV8_2),
        Cpu("cortex-a53", part=0xD03, variant=0, features=_ARMV8_0),
    )
}
"""A core of 2018 with dot products, and one of 2012, still in cheap phones, without."""


def make_sysroots(folder: Path) -> None:
    """Lay one sysroot per core beside `folder`/root, which it shares by links."""
    for cpu in CPUS.values():
        own = folder / "sysroots" / cpu.name
        devices = own / "sys/devices/system/cpu"
        devices.mkdir(parents=True)
        (own / "proc").mkdir()
        (own / "proc/cpuinfo").write_text(cpu.cpuinfo(), encoding="ascii")
        for name in ("possible", "present"):
            (devices / name).write_text("0\n", encoding="ascii")
        for name in ("usr", "lib", "etc"):
            if os.path.lexists(folder / "root" / name):
                (own / name).symlink_to(f"../../root/{name}")
