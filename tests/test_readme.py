"""The code of the README and of the guides runs, and what they link to exists."""

import pathlib
import re

import pytest

from tfprune.cli import main

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = (
    *("advise", "channels", "compress", "evaluate", "golden", "phone", "quantization"),
    *("sweep", "techniques", "zeros"),
)
GUIDES = ["README.md", *(f"docs/{page}.md" for page in PAGES)]


def run_code(page, folder, monkeypatch):
    """Run the Python of a page, block after block, in one namespace."""
    monkeypatch.chdir(folder)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("page", GUIDES)
def test_the_code_blocks_run_one_after_the_other(page, tmp_path, monkeypatch):
    run_code(page, tmp_path, monkeypatch)


def test_the_plan_of_the_guide_says_what_the_guide_says(tmp_path, monkeypatch, capsys):
    run_code("docs/zeros.md", tmp_path, monkeypatch)
    printed = capsys.readouterr().out
    assert "Conv1/kernel (3, 3, 3, 16): leave alone (rules say so: 'Conv1' is None)" in printed
    assert "prune to 0.9 in blocks of (1, 2) (default rule)" in printed


VERBS = sorted(set(re.findall(r"^    tfprune ([\w-]+)", README, re.MULTILINE)))


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_it_names_exists(verb):
    assert main([verb, "--help"]) == 0


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_the_files_a_page_links_to_exist(page):
    assert missing(ROOT / "docs" / page) == []


def test_the_files_the_readme_links_to_exist():
    assert re.search(r"\]\(docs/", README) and missing(ROOT / "README.md") == []


def missing(page):
    links = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page.read_text())
    return [link for link in links if not (page.parent / link).exists()]
