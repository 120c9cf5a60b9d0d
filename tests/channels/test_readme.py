"""The room's README: its code runs, and its drawing shows the ids that the code gives."""

import doctest
import re
from pathlib import Path

import tfprune.channels

README = Path(tfprune.channels.__file__).with_name("README.md")


def test_the_example_gives_the_numbers_that_stand_there():
    found = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert found.attempted > 10
    assert found.failed == 0


def test_the_drawing_shows_the_ids_that_the_example_prints():
    text = README.read_text("utf-8")
    drawing, code = text.split("The walk in code")
    drawn = re.findall(r" {3,}(\[[\d ]+\]) {3,}", drawing)
    printed = re.findall(r"^    (\[[\d ]+\])$", code, re.M)
    assert drawn == printed


def test_it_names_every_file_of_the_room():
    named = set(re.findall(r"^\| `(\w+)/?` \|", README.read_text("utf-8"), re.M))
    files = {p.stem for p in README.parent.glob("*.py")} - {"__init__"}
    assert named == files | {"rules"}
