"""The files of the test phone: fetched once into tfprune's cache, shared by every phone."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from tfprune.emulation import CPUS
from tfprune.emulation.debian import Packages
from tfprune.emulation.place import cache_folder

SUITE = "trixie"  # the first Debian with adbd 34
RECIPE = 2  # raised when the phone's files change
# Not the shell: busybox' own would run these itself, whatever stands in their place.
APPLETS = (
    *(
        "awk",
        "tail",
        "ls",
        "cat",
        "chmod",
        "mkdir",
        "rm",
        "uname",
        "sleep",
        "env",
        "grep",
        "ps",
        "kill",
    ),
    *("sha256sum", "sha1sum", "md5sum", "dd"),
)
PROPERTIES = {
    "ro.product.manufacturer": "Debian",
    "ro.product.model": "Test phone",
    "ro.soc.manufacturer": "Bookworm",
    "ro.soc.model": "TX1",
    "ro.build.version.release": "14",
    "ro.build.version.sdk": "34",
}
# What these services print on Android 14, as far as tfprune reads it.
BATTERY = "Current Battery Service state:\n  status: 3\n  level: 81\n  temperature: 276\n"
THERMAL = "IsStatusOverride: false\nThermal Status: 0\n"
DUMPSYS = """#!/bin/sh
case $1 in
battery) cat /etc/battery;;
thermalservice) cat /etc/thermal;;
*) exit 1;;
esac
"""


def fetch_root() -> Path:
    """Return the phone's files, fetched into the cache if they are not there."""
    folder = cache_folder() / "android" / f"test-phone-{SUITE}-{RECIPE}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as name:
        work = Path(name)
        (work / "apt").mkdir()
        packages = Packages(work / "apt", None, SUITE)
        packages.update()
        names = [*packages.closure("adbd"), "busybox-static", "dash"]
        packages.unpack(names, packages.own, work / "root")
        packages.unpack(["qemu-user"], packages.own, work / "qemu")
        _finish(work / "root")
        emulator = work / "qemu/usr/bin/qemu-aarch64"
        emulator.rename(work / "root/qemu-aarch64")
        with contextlib.suppress(OSError):  # another process may have made it meanwhile
            (work / "root").rename(folder)
    return folder


def _finish(root: Path) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("share", "include", "lib/modules-load.d"):
        shutil.rmtree(root / "usr" / name, ignore_errors=True)
    for name in ("proc", "sys", "dev", "data/local/tmp", "system/bin", "root", "etc"):
        (root / name).mkdir(parents=True, exist_ok=True)
    [busybox] = root.glob("usr/bin/busybox")
    for name in APPLETS:
        target = root / "usr/bin" / name
        target.unlink(missing_ok=True)
        target.symlink_to(busybox.name)
    (root / "usr/bin/sh").unlink(missing_ok=True)
    (root / "usr/bin/sh").symlink_to("dash")
    (root / "system/bin/sh").symlink_to("/usr/bin/dash")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")


def describe(root: Path, abilist: str) -> None:
    """Write down what the phone says of itself."""
    lines = {**PROPERTIES, "ro.product.cpu.abilist": abilist}
    text = "".join(f"[{name}]: [{value}]\n" for name, value in lines.items())
    write(root / "etc/properties", text)
    program(root / "usr/bin/getprop", "#!/bin/sh\ncat /etc/properties\n")
    program(root / "usr/bin/dumpsys", DUMPSYS)
    write(root / "etc/battery", BATTERY)
    write(root / "etc/thermal", THERMAL)
    write(root / "etc/cpuinfo", CPUS["cortex-a76"].cpuinfo())
    cpus = root / "etc/sys/devices/system/cpu"
    (cpus / "cpu0/cpufreq").mkdir(parents=True)
    write(cpus / "cpu0/cpufreq/cpuinfo_max_freq", "2850000\n")
    for name in ("present", "possible"):
        write(cpus / name, "0\n")


def link(source: str, target: str) -> None:
    """Share a file instead of copying it, where the file system allows."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write(path: Path, text: str) -> None:
    """Write a file that may be shared with other phones until now."""
    path.unlink(missing_ok=True)
    path.write_text(text)


def program(path: Path, text: str) -> None:
    """Write a program."""
    write(path, text)
    path.chmod(0o755)
