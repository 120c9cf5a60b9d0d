"""The part of the app that knows no Android: compiled with the JDK alone, tested on its JVM."""

from __future__ import annotations

import re

from tests.android_app.building import APP, MAIN, compile_java


def test_every_junit_test_of_the_core_passes(tools, tmp_path):
    core = compile_java(tools, (MAIN / "java").rglob("core/*.java"), tmp_path / "core")
    tests = sorted((APP / "src/test/java").rglob("*.java"))
    jars = tools.junit.split(":")
    compiled = compile_java(tools, tests, tmp_path / "tests", core, *jars)
    names = [f"org.tfprune.demo.core.{path.stem}" for path in tests if path.stem.endswith("Test")]
    path = f"{core}:{compiled}:{tools.junit}"
    said = tools.java("java", "-cp", path, "org.junit.runner.JUnitCore", *names)
    written = sum(path.read_text(encoding="utf-8").count("@Test\n") for path in tests)
    assert re.search(r"OK \((\d+) tests\)", said)[1] == str(written)
