import gzip
import resource
import signal
import subprocess
import sys

import pytest

from tfprune import files
from tfprune.errors import FileError


def test_a_finished_file_replaces_the_old_one(tmp_path):
    target = tmp_path / "model.tflite"
    target.write_text("old")
    with files.replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, fault):
    target = tmp_path / "model.tflite"
    target.write_text("old")
    with pytest.raises(fault), files.replacing(target) as temporary:
        temporary.write_text("half")
        raise fault
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]
    assert target.read_text() == "old"


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path):
    target = tmp_path / "model.tflite"
    target.write_text("old")
    code = f"from tfprune import files; files.write_bytes({str(target)!r}, bytes(100_000))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=no_more_than_10_kb
    )
    assert "FileError" in result.stderr and "nothing was changed" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]
    assert target.read_text() == "old"


def no_more_than_10_kb():
    """The file system refuses to grow a file further, as a full one does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))


@pytest.mark.parametrize(
    ("target", "found"),
    [("missing/model.tflite", "does not exist"), (".", "it is a folder")],
)
def test_a_target_that_cannot_be_written_is_named_with_the_fix(tmp_path, target, found):
    with pytest.raises(FileError, match=found):
        files.write_text(tmp_path / target, "text")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"asked: read .*nothing\.keras"):
        files.read_bytes(tmp_path / "nothing.keras")


def test_the_size_of_a_download_is_that_of_gzip():
    content = b"zero" * 1000
    assert files.gzip_bytes(content) == len(gzip.compress(content, 9, mtime=0))


def test_a_file_that_can_be_written_is_as_it_was_when_that_was_seen(tmp_path):
    (tmp_path / "old.json").write_text("old")
    for name in ("old.json", "new.json"):
        files.check_writable(tmp_path / name)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    with pytest.raises(FileError, match="it is a folder"):
        files.check_writable(tmp_path)
