"""Which phone: what adb sees, and why each of the others cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tfprune.android.device.adb import ASKED, Adb, find_adb, run_adb
from tfprune.errors import PruneError

ABIS = ("arm64-v8a", "x86_64")
OLDEST_SDK = 23
"""Android 6; the runner and Google's build of LiteRT are made for it."""

# The states of adb's transport.cpp. A serial number found over the network may hold a space.
_STATES = (
    *("device", "offline", "unauthorized", "authorizing", "connecting", "no permissions"),
    *("recovery", "rescue", "sideload", "bootloader", "host", "detached", "unknown"),
)
_LINE = re.compile(rf"^(\S.*?)\s+({'|'.join(_STATES)})\b(.*)$", re.MULTILINE)

_FIXES = {
    "unauthorized": "unlock the phone and accept 'Allow USB debugging?'; if it does not ask, "
    "revoke the authorizations in its developer options and plug it in again",
    "offline": "unplug it and plug it in again; if that does not help: adb kill-server",
    "authorizing": "unlock the phone and accept 'Allow USB debugging?', then run this again",
    "no permissions": "this user may not open the USB device: see "
    "https://developer.android.com/studio/run/device (udev rules), or run adb as another user",
    "recovery": "start Android on it: adb reboot",
    "sideload": "start Android on it: adb reboot",
    "bootloader": "start Android on it: fastboot reboot",
}


@dataclass(frozen=True)
class Seen:
    """One line of `adb devices -l`.

    Args:
        serial: Its serial number.
        state: `"device"` if it can be used.
        model: What it calls itself, or `""`.
    """

    serial: str
    state: str
    model: str = ""

    def __str__(self) -> str:
        words = [self.model] * bool(self.model) + [self.state] * (self.state != "device")
        return f"{self.serial} ({', '.join(words)})" if words else self.serial


def read_devices(text: str) -> list[Seen]:
    """Read what `adb devices -l` printed.

    Example:
        >>> lines = "List of devices attached", "R58 device usb:1-2 model:Pixel_8", "X unauthorized"
        >>> [str(seen) for seen in read_devices("\\n".join(lines))]
        ['R58 (Pixel 8)', 'X (unauthorized)']
    """
    found = []
    for serial, state, details in _LINE.findall(text):
        model = re.search(r"\bmodel:(\S+)", details)
        found.append(Seen(serial, state, model.group(1).replace("_", " ") if model else ""))
    return found


def list_devices(program: str | None = None) -> list[Seen]:
    """Return what adb sees, usable or not."""
    done = run_adb([program or find_adb(), "devices", "-l"], 30.0)
    if done is None or done.code:
        found = "adb does not answer" if done is None else done.err.strip()
        raise PruneError(ASKED, f"`adb devices` failed: {found}", "try: adb kill-server")
    return read_devices(done.out)


Ask = Callable[[Sequence[Seen]], "Seen | None"]
"""Which of several phones; None: the user does not say."""


def choose(devices: Sequence[Seen], serial: str | None, ask: Ask | None = None) -> str:
    """Return the serial number of the one phone to use.

    Args:
        devices: What adb sees.
        serial: The one that was named, if any.
        ask: Asked if several can be used.

    Raises:
        PruneError: none, several, or one that cannot be used; it says which and what to do.

    Example:
        >>> choose([Seen("R58", "device"), Seen("X", "offline")], None)
        'R58'
    """
    if not devices:
        raise PruneError(
            ASKED,
            "adb sees no phone",
            "plug it in, switch on USB debugging in its developer options, and see it in the list "
            "of `adb devices`",
        )
    asked = ASKED if serial is None else f"{ASKED}, --serial {serial}"
    listed = ", ".join(map(str, devices))
    wanted = [seen for seen in devices if serial in (None, seen.serial)]
    ready = [seen for seen in wanted if seen.state == "device"]
    if not wanted:
        fix = f"--serial {devices[0].serial}"
        raise PruneError(asked, f"adb sees no phone of this serial number, but {listed}", fix)
    if not ready:
        fix = _FIXES.get(wanted[0].state, "see what `adb devices` says of it")
        raise PruneError(asked, f"adb sees {', '.join(map(str, wanted))}", fix)
    chosen = ready[0] if len(ready) == 1 else ask(ready) if ask is not None else None
    if chosen is None:
        fix = f"name one of them: --serial {ready[0].serial}"
        raise PruneError(asked, f"adb sees {len(ready)} phones: {listed}", fix)
    return chosen.serial


def choose_abi(adb: Adb, properties: dict[str, str]) -> str:
    """Return `"arm64-v8a"` or `"x86_64"`, whichever the phone prefers.

    Raises:
        PruneError: it has 32 bits only, or an Android older than 6.
    """
    listed = properties.get("ro.product.cpu.abilist") or properties.get("ro.product.cpu.abi", "")
    abis = [abi for abi in listed.split(",") if abi in ABIS]
    asked = f"{ASKED}, {adb.serial}"
    if not abis:
        found = f"its Android runs only {listed or 'an unknown ABI'}"
        raise PruneError(asked, found, "use a phone or emulator with a 64-bit Android")
    sdk = properties.get("ro.build.version.sdk", "")
    if sdk.isdecimal() and int(sdk) < OLDEST_SDK:
        release = properties.get("ro.build.version.release", "?")
        raise PruneError(asked, f"it has Android {release}", "use one with Android 6 or later")
    return abis[0]
