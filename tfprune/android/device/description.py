"""What a phone is, and how warm and charged it is."""

from __future__ import annotations

import re
from typing import Any

from tfprune.android.device.adb import Adb, quote

_CPUS = "/sys/devices/system/cpu"
_BATTERY_STATES = {"2": "charging", "3": "discharging", "4": "not charging", "5": "full"}
"""`BatteryManager.BATTERY_STATUS_*` of Android's reference."""
THERMAL_STATES = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""`PowerManager.THERMAL_STATUS_*` of Android's reference, 0 to 6."""
_PROPERTY = re.compile(r"^\[(.*?)\]: \[(.*)\]$", re.MULTILINE)


def read_properties(adb: Adb) -> dict[str, str]:
    """Return what `getprop` lists."""
    return parse_properties(adb.shell("getprop").out)


def parse_properties(text: str) -> dict[str, str]:
    """Read the lines `[name]: [value]`.

    Example:
        >>> parse_properties("[ro.product.model]: [Pixel 8]\\n[ro.soc.model]: []\\n")
        {'ro.product.model': 'Pixel 8', 'ro.soc.model': ''}
    """
    return dict(_PROPERTY.findall(text))


def describe(adb: Adb, properties: dict[str, str], abi: str) -> dict[str, Any]:
    """Describe the phone, JSON-ready; what it does not tell is None."""

    def first(*names: str) -> str | None:
        return next((properties[name] for name in names if properties.get(name)), None)

    soc = [first("ro.soc.manufacturer"), first("ro.soc.model", "ro.board.platform")]
    return {
        "serial": adb.serial,
        "manufacturer": first("ro.product.manufacturer"),
        "model": first("ro.product.model"),
        "soc": " ".join(word for word in soc if word) or first("ro.hardware"),
        "android": first("ro.build.version.release"),
        "sdk": first("ro.build.version.sdk"),
        "build": first("ro.build.fingerprint", "ro.build.id"),
        "abi": abi,
        "kernel": adb.shell("uname -r").out.strip() or None,
        "cores": read_cores(adb),
    }


def read_cores(adb: Adb) -> list[dict[str, Any]]:
    """Return each core's number, highest clock in MHz and ARM's number of its type, if told."""
    names = f"{_CPUS}/cpu[0-9]*/cpufreq/cpuinfo_max_freq"
    clocks = adb.shell(f"grep . {names} /dev/null 2>/dev/null").out
    parts = adb.shell("cat /proc/cpuinfo").out
    present = adb.shell(quote("cat", f"{_CPUS}/present")).out.strip()
    return parse_cores(present, clocks, parts)


def parse_cores(present: str, clocks: str, cpuinfo: str) -> list[dict[str, Any]]:
    """Put together what Linux says of its cores.

    Args:
        present: /sys/devices/system/cpu/present.
        clocks: Lines `PATH/cpuN/cpufreq/cpuinfo_max_freq:KHZ`.
        cpuinfo: /proc/cpuinfo.

    Example:
        >>> clock = "/sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq:2850000"
        >>> parse_cores("0-1", clock, "processor : 1\\nCPU part : 0xd0b")
        [{'core': 0, 'max_mhz': None, 'part': None}, {'core': 1, 'max_mhz': 2850, 'part': '0xd0b'}]
    """
    mhz = {int(n): int(khz) // 1000 for n, khz in re.findall(r"/cpu(\d+)/\S+?:(\d+)", clocks)}
    parts: dict[int, str] = {}
    core = 0
    for key, value in re.findall(r"^(processor|CPU part)\s*:\s*(\S+)", cpuinfo, re.MULTILINE):
        if key == "CPU part":
            parts[core] = value
        elif value.isdecimal():
            core = int(value)
    numbers = sorted({*_numbers(present), *mhz, *parts})
    return [{"core": n, "max_mhz": mhz.get(n), "part": parts.get(n)} for n in numbers]


def _numbers(ranges: str) -> list[int]:
    pairs = re.findall(r"(\d+)(?:-(\d+))?", ranges)
    return [n for low, high in pairs for n in range(int(low), int(high or low) + 1)]


def read_state(adb: Adb) -> dict[str, Any]:
    """Return how warm and charged the phone is now, JSON-ready; what it does not tell is None."""
    battery = adb.shell("dumpsys battery 2>/dev/null").out
    thermal = adb.shell("dumpsys thermalservice 2>/dev/null").out
    return parse_state(battery, thermal)


def parse_state(battery: str, thermal: str) -> dict[str, Any]:
    """Read what `dumpsys battery` and `dumpsys thermalservice` print.

    Example:
        >>> parse_state("  status: 3\\n  level: 81\\n  temperature: 276\\n", "Thermal Status: 0\\n")
        {'battery': 81, 'charging': 'discharging', 'battery_celsius': 27.6, 'thermal': 'none'}
    """
    rows = dict(re.findall(r"^\s*(\w+): (\S+)\s*$", battery, re.MULTILINE))
    status = re.search(r"^Thermal Status: (\d)", thermal, re.MULTILINE)
    level, temperature = rows.get("level"), rows.get("temperature")
    number = int(status.group(1)) if status else len(THERMAL_STATES)
    return {
        "battery": int(level) if level else None,
        "charging": _BATTERY_STATES.get(rows.get("status", "")),
        "battery_celsius": int(temperature) / 10 if temperature else None,
        "thermal": THERMAL_STATES[number] if number < len(THERMAL_STATES) else None,
    }
