"""The README's code runs, and its demo table is the shape of what the demo prints."""

import pathlib
import re

import pytest

from tfprune.cli import main

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_code_blocks_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "Conv1/kernel (3, 3, 3, 16): leave alone (rules say so: 'Conv1' is None)" in printed
    assert "prune to 0.9 in blocks of (1, 2) (default rule)" in printed
    assert (tmp_path / "model.tflite").exists()


VERBS = sorted(set(re.findall(r"^    tfprune ([\w-]+)", README, re.MULTILINE)))


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_it_names_exists(verb):
    assert main([verb, "--help"]) == 0


def test_the_files_it_links_to_exist():
    root = pathlib.Path(__file__).parents[1]
    links = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", README)
    assert links and all((root / link).exists() for link in links)
