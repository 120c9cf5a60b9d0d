"""A set-up that cannot go on leaves nothing behind."""

from __future__ import annotations

import shutil

import pytest

from tfprune.emulation import setup_arm64
from tfprune.emulation.compiling import compile_counter
from tfprune.errors import PruneError

pytestmark = pytest.mark.skipif(
    not shutil.which("apt-get") or not shutil.which("dpkg-deb"), reason="needs apt"
)


def test_a_mirror_out_of_reach_is_named_and_nothing_is_left_of_this_or_an_earlier_try(tmp_path):
    (tmp_path / "arm64/.new-killed/root").mkdir(parents=True)
    with pytest.raises(PruneError, match=r"127\.0\.0\.1") as caught:
        setup_arm64(tmp_path, mirror="http://127.0.0.1:9")
    assert caught.value.asked == "set up emulated ARM64"
    assert "--mirror URL" in caught.value.fix
    assert [path.name for path in (tmp_path / "arm64").iterdir()] == [".lock"]


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_a_qemu_that_loads_no_plugin_is_named(tmp_path):
    with pytest.raises(PruneError, match="does not load the instruction counter: false ended"):
        compile_counter(tmp_path / "counter.so", ["false"], tmp_path)
    assert (tmp_path / "counter.so").exists()
