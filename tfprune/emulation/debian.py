"""Packages of Debian or Ubuntu, for any architecture, without root and without installing them.

apt runs with a state of its own inside the set-up, so neither the system's package lists nor its
packages change; the mirror and proxy are those that this machine's apt is configured with. No
package on PyPI ships qemu-user with plugins or an ARM64 C library, so this is the only source.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from tfprune.emulation.commands import ASKED, run
from tfprune.errors import PruneError

# The last Debian whose qemu-user is linked dynamically: from 13 on it is static and has no plugins.
_DEBIAN = "bookworm"
_ROLLING = ("stable", "testing", "unstable", "sid")
_NO_APT = (
    "set up on Debian or Ubuntu, for example in a container; it needs apt-get and dpkg-deb, no root"
)
_NETWORK = (
    "check the network and apt's mirror; on Ubuntu name the mirror of the ARM64 'ports': "
    "tfprune setup-arm64 --mirror URL"
)


class Packages:
    """A private apt with the package lists of this machine and of ARM64.

    Args:
        folder: Where it keeps its state.
        mirror: The address of a mirror; by default this machine's own.
        suite: Another release than the one that suits the emulator.
    """

    def __init__(self, folder: Path, mirror: str | None, suite: str | None = None) -> None:
        check_machine()
        self.folder, self._suite = folder, suite
        self.own = run(["dpkg", "--print-architecture"], _NO_APT).strip()
        for name in ("lists/partial", "archives/partial", "downloads"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(self._source(mirror), encoding="utf-8")
        self._config = folder / "apt.conf"
        self._config.write_text(self._settings(), encoding="utf-8")

    def _source(self, mirror: str | None) -> str:
        system = platform.freedesktop_os_release()
        release = system.get("VERSION_CODENAME", "")
        where = mirror or mirror_of(release, _configured())
        keyring = Path(f"/usr/share/keyrings/{system['ID']}-archive-keyring.gpg")
        signed = f" [signed-by={keyring}]" if keyring.exists() else ""
        suite = self._suite or (_DEBIAN if system["ID"] == "debian" else release)
        return f"deb{signed} {where} {suite} main\n"

    def _settings(self) -> str:
        here = self.folder
        return f"""
            APT::Architecture "{self.own}";
            APT::Architectures {{ "{self.own}"; "arm64"; }};
            APT::Sandbox::User "root";
            Acquire::Languages "none";
            Dir::State "{here}";
            Dir::State::status "{here}/status";
            Dir::Cache "{here}";
            Dir::Cache::pkgcache "pkgcache.bin";
            Dir::Cache::srcpkgcache "srcpkgcache.bin";
            Dir::Etc::sourcelist "{here}/sources.list";
            Dir::Etc::sourceparts "-";
            #clear APT::Update::Post-Invoke;
            #clear APT::Update::Post-Invoke-Success;
        """

    def update(self) -> None:
        """Fetch the lists of packages."""
        self._apt("apt-get", "-qq", "update", "--error-on=any")

    def needed_by(self, package: str) -> list[str]:
        """Return `package` and all it depends on that this machine has not installed."""
        found = self.closure(package)
        listed = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"], _NO_APT)
        installed = {line.split()[1] for line in listed.splitlines() if line.startswith("inst")}
        return [name for name in found if name == package or name not in installed]

    def closure(self, package: str) -> list[str]:
        """Return `package` and all it depends on."""
        kinds = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
        options = ["--recurse", *(f"--no-{kind}" for kind in kinds)]
        return names_in(self._apt("apt-cache", "depends", *options, f"{package}:{self.own}"))

    def python(self) -> str:
        """Return the version of the ARM64 Python, as in `"3.11"`."""
        text = self._apt("apt-cache", "depends", "python3-minimal:arm64")
        [name] = {
            word.removesuffix(":arm64").removesuffix("-minimal")
            for word in text.split()
            if word.startswith("python3.") and "-minimal" in word
        }
        return name.removeprefix("python")

    def unpack(self, names: Iterable[str], architecture: str, into: Path) -> dict[str, str]:
        """Download packages and unpack their files; return their versions."""
        downloads = self.folder / "downloads"
        words = [f"{name}:{architecture}" for name in names]
        self._apt("apt-get", "-qq", "download", *words, folder=downloads)
        versions = {}
        for archive in sorted(downloads.glob("*.deb")):
            run(["dpkg-deb", "-x", archive, into], _NETWORK)
            name, version, _ = archive.stem.split("_")
            versions[f"{name}:{architecture}"] = version.replace("%3a", ":")
            archive.unlink()
        return versions

    def _apt(self, program: str, *words: str, folder: Path | None = None) -> str:
        return run([program, "-c", str(self._config), *words], _NETWORK, folder=folder)


def check_machine() -> None:
    """Refuse a machine whose packages this cannot fetch.

    Raises:
        PruneError: it is no Linux, or has no apt.
    """
    if platform.system() != "Linux":
        raise PruneError(ASKED, f"qemu-user needs Linux, this is {platform.system()}", _NO_APT)
    missing = [tool for tool in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(tool)]
    if missing:
        raise PruneError(ASKED, f"{missing[0]} is not on this machine", _NO_APT)


def names_in(listing: str) -> list[str]:
    """Return the packages of `apt-cache depends --recurse`: the lines that are not indented.

    Example:
        >>> names_in("qemu-user\\n  Depends: libc6\\nlibc6\\n<libfoo>\\n")
        ['qemu-user', 'libc6']
    """
    return [line for line in listing.splitlines() if line and line[0] not in " <|"]


def mirror_of(release: str, configured: Sequence[tuple[str, str, str]]) -> str:
    """Return the mirror that serves the main packages of `release`.

    Args:
        release: The code name of this system.
        configured: Address, release and component of each source of apt.

    Raises:
        PruneError: no source has them.

    Example:
        >>> mirror_of("noble", [("http://a/", "noble", "main"), ("http://b/", "other", "main")])
        'http://a/'
    """
    for wanted in (release, *_ROLLING):
        for address, name, component in configured:
            if name == wanted and component == "main":
                return address
    raise PruneError(
        ASKED,
        f"apt has no source for the main packages of {release or 'this system'}",
        "name a mirror: tfprune setup-arm64 --mirror URL",
    )


def _configured() -> list[tuple[str, str, str]]:
    fields = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    text = run(["apt-get", "indextargets", "--no-release-info", "--format", fields], _NO_APT)
    rows = [line.split("|") for line in text.splitlines()]
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]
