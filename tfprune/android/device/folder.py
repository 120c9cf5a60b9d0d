"""A folder of our own on the phone, which is gone afterwards whatever happens."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from pathlib import Path
from types import TracebackType

from tfprune import files
from tfprune.android.device.adb import ASKED, Adb, PhoneLost, quote
from tfprune.emulation.place import cache_folder
from tfprune.errors import PruneError

PARENT = "/data/local/tmp"
_HASHES = {64: "sha256", 40: "sha1", 32: "md5"}
"""By the length of what they print. A phone's toybox has had sha256sum for some versions only."""


class RemoteFolder:
    """A new folder under /data/local/tmp; use it with `with`.

    On leaving it, also by an error or Ctrl-C, what still runs in it is ended and it is removed. If
    the phone is gone by then, its name is written down in tfprune's cache and it is removed the
    next time this phone is used.

    Args:
        adb: The phone.
        cache: The folder of tfprune's caches.

    Attributes:
        path: Where it is on the phone.
    """

    def __init__(self, adb: Adb, cache: Path | None = None) -> None:
        self.adb = adb
        self.path = f"{PARENT}/tfprune-{secrets.token_hex(8)}"
        serial = hashlib.sha256(adb.serial.encode()).hexdigest()[:16]
        self._left = cache_folder(cache) / "android" / "left" / f"{serial}.json"

    def __enter__(self) -> RemoteFolder:
        for path in self._left_over():
            self._remove(path)
        self._left.unlink(missing_ok=True)
        try:
            made = self.adb.shell(quote("mkdir", self.path))
            if made.code:
                raise PruneError(
                    f"{ASKED}: create {self.path}", made.err.strip() or "refused", "free some space"
                )
        except BaseException:  # Ctrl-C while the phone was creating it
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._leave()

    def push(self, local: Path, name: str, program: bool = False) -> None:
        """Copy a file into the folder, and compare its hash with that of what arrived.

        Args:
            local: The file here, of any name.
            name: Its name there, one of tfprune's own.
            program: Whether it is to be executed.

        Raises:
            PruneError: it did not arrive whole.
        """
        remote = f"{self.path}/{name}"
        self.adb.push(local, remote)
        file = quote(remote)
        tools = " || ".join(f"{tool}sum {file} 2>/dev/null" for tool in _HASHES.values())
        done = self.adb.shell(tools, 60.0 + local.stat().st_size / 1e7)
        digest = done.out.split()[0] if done.out.split() else ""
        if len(digest) not in _HASHES or digest != _hash(local, _HASHES[len(digest)]):
            raise PruneError(
                f"copy {local.name} to the phone", f"another file arrived: {digest}", "try again"
            )
        if program:
            self.adb.shell(quote("chmod", "755", remote))

    def _leave(self) -> None:
        removed = False
        with contextlib.suppress(PhoneLost):
            removed = self._remove(self.path)
        if not removed:
            left = [*self._left_over(), self.path]
            self._left.parent.mkdir(parents=True, exist_ok=True)
            files.write_text(self._left, json.dumps(left))

    def _remove(self, path: str) -> bool:
        """End what runs in a folder and remove it; return whether that worked."""
        pid = quote(f"{path}/pid")
        end = f"kill $(cat {pid} 2>/dev/null) 2>/dev/null; "
        return self.adb.shell(end + quote("rm", "-rf", path)).code == 0

    def _left_over(self) -> list[str]:
        with contextlib.suppress(OSError, ValueError):
            paths = json.loads(self._left.read_text(encoding="utf-8"))
            return [path for path in paths if str(path).startswith(f"{PARENT}/tfprune-")]
        return []


def _hash(path: Path, name: str) -> str:
    with path.open("rb") as file:
        digest = hashlib.new(name, usedforsecurity=False)
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()
