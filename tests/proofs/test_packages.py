"""A package is kept only if it is the one expected."""

import hashlib
import sys

import pytest

from proofs import packages
from tfprune.errors import FileError

WRITES = [sys.executable, "-c", "open('a.tgz', 'w').write('content')", "a@1"]
SHA256 = hashlib.sha256(b"content").hexdigest()


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFPRUNE_CACHE", str(tmp_path / "cache"))


def test_what_a_client_fetched_is_kept_and_not_fetched_again():
    path = packages.fetch(WRITES, SHA256)
    assert path.read_text() == "content"
    assert packages.fetch(["no-such-client"], SHA256) == path


def test_a_file_with_another_checksum_is_refused_and_not_kept():
    with pytest.raises(FileError, match=f"a.tgz with sha256 {SHA256}, not sha256 0000"):
        packages.fetch(WRITES, "0000")
    assert not list(packages.cache_folder().rglob("*"))


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (["no-such-client", "a@1"], "no-such-client is not installed"),
        ([sys.executable, "-c", "import sys; sys.exit('E404 not there')", "a@1"], "E404 not there"),
        ([sys.executable, "-c", "pass", "a@1"], "no file, not sha256 0000"),
    ],
)
def test_a_client_that_fails_is_an_error_with_its_command(command, found):
    with pytest.raises(FileError) as error:
        packages.fetch(command, "0000")
    assert error.value.asked == "fetch a@1"
    assert error.value.found.startswith(found)
    assert error.value.fix.endswith(f"run: {' '.join(command)}")
