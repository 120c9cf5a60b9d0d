"""A word means one thing in the house: no class shares its name with another class or type."""

import ast
import collections
import pathlib

import tfprune

HOUSE = pathlib.Path(tfprune.__file__).parent


def named(statement):
    """The public classes and the types by another name (`Path = tuple[str, ...]`) it defines."""
    if isinstance(statement, ast.ClassDef):
        names = [statement.name]
    elif isinstance(statement, ast.Assign):
        names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
    else:
        names = []
    return [name for name in names if name[0].isupper() and not name.isupper()]


def test_no_class_shares_its_name():
    classes, places = set(), collections.defaultdict(list)
    for path in sorted(HOUSE.rglob("*.py")):
        for statement in ast.parse(path.read_text()).body:
            for name in named(statement):
                places[name].append(path.relative_to(HOUSE).as_posix())
                classes |= {name} if isinstance(statement, ast.ClassDef) else set()
    assert {name: places[name] for name in classes if len(places[name]) > 1} == {}
