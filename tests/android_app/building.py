"""The app, built as Gradle would build it, but without LiteRT: of that only signatures are here."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.android_app.toolchain import Toolchain

APP = Path(__file__).parents[2] / "android_demo"
MAIN = APP / "src/main"
LITERT = Path(__file__).with_name("litert")
_ANDROID = "http://schemas.android.com/apk/res/android"
_RELEASE = ("--release", "11", "-encoding", "UTF-8", "-Werror", "-Xlint:all,-options,-classfile")


@dataclass(frozen=True)
class Built:
    """What came out of a build."""

    apk: Path
    dex: Path
    litert: Path


def setting(name: str) -> str:
    """Return a setting of build.gradle.kts, for example `setting("minSdk")` is `"24"`."""
    text = (APP / "build.gradle.kts").read_text(encoding="utf-8")
    return re.search(rf'\b{name} = "?([\w.]+)', text)[1]


def compile_java(tools: Toolchain, sources: Iterable[Path], into: Path, *class_path: Path) -> Path:
    """Compile Java 11, any warning being an error, and return the folder of the classes."""
    into.mkdir(parents=True)
    path = ":".join(map(str, class_path)) or "."
    options = [*_RELEASE, "-classpath", path, "-implicit:none"]
    tools.java("javac", *options, "-d", into, *sorted(sources))
    return into


def build(tools: Toolchain, work: Path, assets: Path) -> Built:
    """Compile, link, dex, align, sign: the steps of the Android Gradle plugin."""
    unsigned = _resources(tools, work)
    litert = compile_java(tools, LITERT.rglob("*.java"), work / "litert")
    sources = [*MAIN.rglob("*.java"), *(work / "generated").rglob("*.java")]
    classes = compile_java(tools, sources, work / "classes", tools.api_17, litert)
    dex = work / "classes.dex"
    files = sorted(classes.rglob("*.class"))
    sdk = ("--min-api", setting("minSdk"), "--lib", tools.api_17, "--classpath", litert)
    tools.d8("--release", *sdk, "--output", work, *files)
    with zipfile.ZipFile(unsigned, "a", zipfile.ZIP_DEFLATED) as apk:
        apk.write(dex, "classes.dex")
        for path in sorted(assets.iterdir()):
            kind = zipfile.ZIP_STORED if path.suffix == ".tflite" else zipfile.ZIP_DEFLATED
            apk.write(path, f"assets/{path.name}", compress_type=kind)
    return Built(_sign(tools, unsigned, work), dex, litert)


def _resources(tools: Toolchain, work: Path) -> Path:
    """Return an .apk of the manifest and the resources; R.java goes into `generated`."""
    text = (MAIN / "AndroidManifest.xml").read_text(encoding="utf-8")
    named = text.replace("<manifest", f'<manifest package="{setting("namespace")}"', 1)
    (work / "AndroidManifest.xml").write_text(named, encoding="utf-8")
    tools.aapt2("compile", "--dir", MAIN / "res", "-o", work / "resources.zip")
    versions = {"min-sdk-version": "minSdk", "target-sdk-version": "targetSdk"}
    versions |= {"version-code": "versionCode", "version-name": "versionName"}
    options = [word for flag, name in versions.items() for word in (f"--{flag}", setting(name))]
    target = work / "unsigned.apk"
    options += ["--manifest", work / "AndroidManifest.xml", "--java", work / "generated"]
    tools.aapt2("link", "-o", target, "-I", tools.resources, *options, work / "resources.zip")
    return target


def _sign(tools: Toolchain, unsigned: Path, work: Path) -> Path:
    key, aligned, signed = work / "key.jks", work / "aligned.apk", work / "app.apk"
    words = ("-keyalg", "RSA", "-validity", "10000", "-dname", "CN=tests", "-alias", "tests")
    secret = ("-storepass", "tests-only", "-keypass", "tests-only")
    tools.java("keytool", "-genkeypair", "-keystore", key, *secret, *words)
    tools.zipalign("-f", "-p", "4", unsigned, aligned)
    secret = ("--ks", key, "--ks-pass", "pass:tests-only")
    tools.apksigner(
        "sign", *secret, "--min-sdk-version", setting("minSdk"), "--out", signed, aligned
    )
    shutil.rmtree(work / "generated", ignore_errors=True)
    return signed
