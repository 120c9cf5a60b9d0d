import gzip
import io
import os
import resource
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tfprune import files
from tfprune.errors import FileError
from tfprune.files.arrays import read_npy


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


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "link.json").symlink_to("store/real.json")
    files.write_text(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "store/real.json").read_text() == "new"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o755])
def test_a_file_that_was_there_keeps_its_rights(tmp_path, mode):
    target = tmp_path / "secret.json"
    target.touch()
    target.chmod(mode)
    files.write_text(target, "new")
    assert (target.stat().st_mode & 0o777, target.read_text()) == (mode, "new")


def test_a_new_file_has_the_rights_that_the_umask_leaves_and_the_umask_is_never_changed(
    tmp_path, monkeypatch
):
    before = os.umask(0o027)
    try:
        monkeypatch.delattr(os, "umask")
        files.write_text(tmp_path / "new.json", "new")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert (tmp_path / "new.json").stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_neither_replaced_nor_waited_for(tmp_path):
    pipe = tmp_path / "pipe.tflite"
    os.mkfifo(pipe)
    for use in (files.read_bytes, lambda path: files.write_text(path, "text")):
        with pytest.raises(FileError, match="it is a pipe or a socket"):
            use(pipe)
    assert pipe.is_fifo()


def test_a_device_is_neither_replaced_nor_read_for_ever():
    with pytest.raises(FileError, match="it is a device"):
        files.read_bytes("/dev/zero")
    with pytest.raises(FileError, match="it is a device"):
        files.write_text("/dev/null", "text")


@pytest.mark.parametrize("name", ["a" * 243 + ".tflite", "a." + "b" * 248])
def test_a_name_of_250_bytes_can_be_written(tmp_path, name):
    files.write_text(tmp_path / name, "text")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a" * 10_000, "nul\0.json"])
def test_a_name_that_no_system_has_is_an_error(tmp_path, name):
    for use in (files.read_bytes, lambda path: files.write_text(path, "text")):
        with pytest.raises(FileError, match=r"asked: (read|write)"):
            use(tmp_path / name)


def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path):
    code = (
        "import os, signal; from tfprune import files\n"
        f"with files.replacing({str(tmp_path / 'a.json')!r}): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code])
    assert [path.name[:5] for path in tmp_path.iterdir()] == [".tfp-"]
    files.write_text(tmp_path / "b.json", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["b.json"]


def test_the_content_is_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    said, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: said.append("sync") or sync(handle))
    monkeypatch.setattr(os, "replace", lambda *names: said.append("name") or replace(*names))
    files.write_text(tmp_path / "a.json", "text")
    assert said == ["sync", "name", "sync"]


def npy(shape, values=b""):
    """A .npy file of float32 whose header claims any shape."""
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + values


@pytest.mark.parametrize(
    ("shape", "found"),
    [((2**40,), "4,398,046,511,104 bytes; 8 follow"), ((1,) * 200, "no array has"), ((-1,), "no")],
)
def test_an_array_that_claims_more_than_follows_is_refused_before_there_is_room_for_it(
    shape, found
):
    content = npy(shape, bytes(8))
    with pytest.raises(ValueError, match=found):
        read_npy(io.BytesIO(content), len(content))


@pytest.mark.parametrize("cut", [2, 9, 20, 60, 100])
def test_a_header_that_breaks_off_is_named(cut):
    """NumPy parses it as Python: what that raises is no ValueError everywhere."""
    content = npy((2,), bytes(8))
    length = (cut - 10).to_bytes(2, "little") if cut > 10 else b""
    content = content[:8] + length + content[10:cut] if length else content[:cut]
    with pytest.raises(ValueError):
        read_npy(io.BytesIO(content), len(content))


@pytest.mark.parametrize("array", [np.ones((2, 3), order="F"), np.array(5), np.zeros((0, 2))])
def test_arrays_come_back_as_they_were(array):
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    np.testing.assert_array_equal(read_npy(file, len(file.getvalue())), array)


def test_python_objects_are_never_loaded():
    file = io.BytesIO()
    np.save(file, np.array([{}]), allow_pickle=True)
    file.seek(0)
    with pytest.raises(ValueError, match="never loaded"):
        read_npy(file, len(file.getvalue()))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x", "w") as x:
        for _ in range(300):
            x.write(bytes(2**20))
    with (
        pytest.raises(FileError, match="claim to hold 314,572,800"),
        files.open_archive(bomb, "save less"),
    ):
        raise AssertionError("it was opened")


def test_a_member_is_read_up_to_a_limit(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("text", "12345")
    with files.open_archive(tmp_path / "a.zip", "fix") as archive:
        assert files.read_member(archive, "text", 5) == b"12345"
    for name, found in (("text", "5 bytes, at most 4"), ("other", "no item named 'other'")):
        with (
            pytest.raises(FileError, match=found),
            files.open_archive(tmp_path / "a.zip", "fix") as archive,
        ):
            files.read_member(archive, name, 4)
