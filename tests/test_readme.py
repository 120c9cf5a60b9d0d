"""The code of the README and of the guides runs, and what they link to exists."""

import ast
import functools
import inspect
import pathlib
import re
import shlex

import pytest

import tfprune
from tfprune.cli.parser import build_parser

ROOT = pathlib.Path(__file__).parents[1]
PAGES = (
    *(
        "advise",
        "channels",
        "clustering",
        "compress",
        "evaluate",
        "golden",
        "phone",
        "quantization",
    ),
    *("sweep", "techniques", "tickets"),
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


def test_the_errors_of_the_guide_are_the_errors_one_gets(tmp_path, monkeypatch, capsys):
    run_code("docs/errors.md", tmp_path, monkeypatch)
    shown = re.findall(r"```text\n(.*?)```", (ROOT / "docs/errors.md").read_text(), re.DOTALL)
    assert capsys.readouterr().out.splitlines() == "".join(shown).splitlines()


PLACES = ("*.md", "docs/*.md", "examples/*.md", "android_demo/*.md")
PAGES_OF_ALL = sorted(
    path.relative_to(ROOT).as_posix() for place in PLACES for path in ROOT.glob(place)
)


@pytest.mark.parametrize("page", PAGES_OF_ALL)
def test_every_command_on_a_page_is_one_that_the_program_takes(page):
    for line in commands((ROOT / page).read_text()):
        words = shlex.split(re.split(r" [>|] ", line)[0], comments=True)
        assert build_parser().parse_args(words[1:]).verb


def commands(text):
    """The lines of a page's code, indented or fenced, that call the program."""
    fences = re.findall(r"^```.*\n([^`]*)^```", text, re.MULTILINE)
    indented = re.findall(r"^ {4}.*$", text.replace("\\\n", " "), re.MULTILINE)
    lines = [*indented, *"\n".join(fences).replace("\\\n", " ").splitlines()]
    return [line.strip() for line in lines if line.strip().startswith("tfprune ")]


@pytest.mark.parametrize("page", PAGES_OF_ALL)
def test_what_the_code_of_a_page_calls_exists_and_takes_its_arguments(page):
    """Also of code that does not run here, for want of a phone, a cluster or the reader's data."""
    for call in calls((ROOT / page).read_text()):
        path = ast.unparse(call.func).split(".")[1:]
        asked = {keyword.arg: None for keyword in call.keywords if keyword.arg}
        signature = inspect.signature(functools.reduce(getattr, path, tfprune))
        signature.bind_partial(*[None for _ in call.args], **asked)


def calls(text):
    """The calls of names that begin with `tfprune.`, in fenced code that is Python."""
    for block in re.findall(r"^```(?:python|text)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        try:
            nodes = list(ast.walk(ast.parse(block)))
        except SyntaxError:  # what a command prints
            continue
        found = [node for node in nodes if isinstance(node, ast.Call)]
        yield from (c for c in found if ast.unparse(c.func).startswith("tfprune."))


@pytest.mark.parametrize("page", PAGES_OF_ALL)
def test_every_option_that_a_sentence_names_exists(page):
    options = {verb: set(own._option_string_actions) for verb, own in parsers().items()}
    named = re.findall(r"`tfprune ([a-z][a-z0-9-]*)([^`]*)`", (ROOT / page).read_text())
    for verb, rest in named:
        assert set(re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", rest)) <= options[verb], verb


def parsers():
    """The parser of each verb."""
    [verbs] = [own for own in build_parser()._actions if own.dest == "verb"]
    return verbs.choices


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_the_files_a_page_links_to_exist(page):
    assert missing(ROOT / "docs" / page) == []


def test_the_files_the_readme_links_to_exist():
    assert missing(ROOT / "README.md") == []


def missing(page):
    links = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page.read_text())
    return [link for link in links if not (page.parent / link).exists()]
