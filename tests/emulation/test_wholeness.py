"""A set-up that was cut off is told, and no file is blamed for it."""

from __future__ import annotations

import json
import sys

import pytest

from tfprune.emulation.place import RECORD, Setup, find_setup, folder_of
from tfprune.emulation.wholeness import damage, record_sizes
from tfprune.errors import ProcessDied, PruneError
from tfprune.runners import Runner


@pytest.fixture
def made(no_setup):
    """A set-up with one library, as it is recorded."""
    folder = folder_of()
    folder.mkdir(parents=True)
    setup = Setup(folder=folder, litert="2.3.0", python="3.11", qemu="7.2", packages={}).to_dict()
    del setup["folder"]
    (folder / RECORD).write_text(json.dumps(setup))
    (folder / "libc.so").write_bytes(bytes(100))
    record_sizes(folder)
    return folder


def test_a_whole_set_up_is_found(made):
    (made / "later.pyc").touch()
    assert damage(made) is None and find_setup("test").folder == made


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (lambda path: path.write_bytes(bytes(10)), "has 10 of 100 bytes"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: (path.parent / "sizes.json").unlink(), "cannot be read"),
    ],
)
def test_a_file_that_was_cut_off_is_named_with_the_command_that_mends_it(made, harm, found):
    harm(made / "libc.so")
    with pytest.raises(PruneError, match=found) as caught:
        find_setup("test")
    assert caught.value.fix == "tfprune setup-arm64 --force"


def test_an_emulated_python_that_does_not_start_is_to_blame_and_not_the_file(tmp_path, dense):
    broken = tmp_path / "qemu-aarch64.py"
    broken.write_text("import os; os.abort()")
    with pytest.raises(ProcessDied, match="does not start, whatever the file") as caught:
        Runner(dense.path, launcher=[sys.executable, str(broken)])
    assert caught.value.fix == "tfprune setup-arm64 --force"
