"""The tools and one build of the app, shared by all tests of a run."""

from __future__ import annotations

import pytest

from tests.android_app.building import build
from tests.android_app.toolchain import check_host, fetch
from tfprune.errors import PruneError


@pytest.fixture(scope="session")
def tools():
    """The build tools. Without Linux, apt or x86-64 there are none; without a network we fail."""
    try:
        check_host()
    except PruneError as error:
        pytest.skip(f"no Android build tools: {error.found}")
    return fetch()


@pytest.fixture(scope="session")
def built(tools, tmp_path_factory):
    """The app, with a model of zeros in place of the bundled ones: they are made by make_assets."""
    assets = tmp_path_factory.mktemp("assets")
    (assets / "dense.tflite").write_bytes(bytes(4096))
    return build(tools, tmp_path_factory.mktemp("app"), assets)
