"""From executed blocks to instructions by kernel."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import numpy as np
import pytest

from tfprune.emulation.counting import Instructions, attribute, parse_counts
from tfprune.emulation.debian import mirror_of
from tfprune.emulation.symbols import Symbols, read_symbols
from tfprune.errors import PruneError
from tfprune.runners.worker import code_mappings


@pytest.mark.parametrize(
    "text", ["", "tfprune counts\n", "tfprune counts\nff 1 2\n", "other\nend\n"]
)
def test_a_table_that_breaks_off_is_an_error(text):
    with pytest.raises(PruneError, match="not whole"):
        parse_counts(text)


def test_a_block_counts_as_its_instructions_times_its_runs():
    blocks = parse_counts("tfprune counts\n10 3 5\n20 2 1\nend\n")
    assert attribute(blocks, []) == Instructions(17, {"(elsewhere)": 17})


def test_blocks_without_a_kernel_go_to_their_library(tmp_path):
    library = tmp_path / "libc.so.6"
    library.write_bytes(b"no ELF file")
    blocks = np.array([[0x1010, 2, 4], [0x2000, 1, 1]])
    mappings = [(0x1000, 0x2000, 0, str(library))]
    assert attribute(blocks, mappings).kernels == {"(libc.so.6)": 8, "(elsewhere)": 1}


def test_only_microkernels_have_lines_of_their_own(monkeypatch):
    names = ("xnn_f32_spmm_ukernel_32x1", "xnn_create_runtime")
    symbols = Symbols(np.array([0x100, 0x200], np.uint64), names, ((0, 0x1000, 0),))
    monkeypatch.setattr("tfprune.emulation.counting._symbols", lambda path: symbols)
    blocks = np.array([[0x5100, 10, 2], [0x51F0, 1, 2], [0x5200, 7, 1], [0x5000, 1, 1]])
    found = attribute(blocks, [(0x5000, 0x6000, 0, "litert.so")])
    assert found == Instructions(30, {"xnn_f32_spmm_ukernel_32x1": 22, "(litert.so)": 8})


def test_an_offset_in_the_file_becomes_an_address_through_its_segment():
    symbols = Symbols(np.array([0x5000], np.uint64), ("f",), ((0x1000, 0x100, 0x5000),))
    assert symbols.name_at(0x1010) == "f"
    assert symbols.name_at(0x1200) is None
    assert symbols.name_at(0x0FFF) is None


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")
@pytest.mark.parametrize("name", ["PyList_New", "PyDict_New", "PyImport_ImportModule"])
def test_a_function_of_this_process_is_found_by_its_address(name):
    address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    [(start, _, offset, path)] = [m for m in code_mappings() if m[0] <= address < m[1]]
    assert read_symbols(Path(path)).name_at(address - start + offset) == name


def test_a_file_that_is_no_library_has_no_names(tmp_path):
    (tmp_path / "text").write_text("text")
    assert read_symbols(tmp_path / "text").names == ()


def test_the_mirror_is_the_one_that_serves_this_release():
    sources = [
        ("http://third/", "noble", "third-party"),
        ("http://updates/", "noble-updates", "main"),
        ("http://mirror/", "noble", "main"),
    ]
    assert mirror_of("noble", sources) == "http://mirror/"
    assert mirror_of("forky", [("http://mirror/", "testing", "main")]) == "http://mirror/"
    with pytest.raises(PruneError, match="--mirror URL"):
        mirror_of("plucky", sources)
