"""What the finished app calls exists on every phone it may be installed on.

javac takes java.* from the JDK and so misses what old phones lack; and no android.jar newer than
API 17 is at hand. So the members that classes.dex refers to are looked up, one by one.
"""

from __future__ import annotations

import pytest

from tests.android_app.building import setting
from tests.android_app.class_files import ClassPath, Member
from tests.android_app.dex import read_dex
from tests.android_app.signatures import Api

# Younger than API 17, with the level they came with (developer.android.com, "Added in API level").
LATER = {
    "java/lang/Throwable.addSuppressed(Ljava/lang/Throwable;)V": 19,
    "java/nio/charset/StandardCharsets.US_ASCII Ljava/nio/charset/Charset;": 19,
    "java/nio/charset/StandardCharsets.UTF_8 Ljava/nio/charset/Charset;": 19,
}


@pytest.fixture(scope="module")
def dex(built):
    return read_dex(built.dex)


@pytest.fixture(scope="module")
def used(dex):
    """The members of other libraries, each with the class outside the app that must offer it."""
    found = set()
    for member in dex.used:
        owner = member.owner
        while owner in dex.classes and (member.name, member.kind) not in dex.classes[owner].members:
            owner = dex.classes[owner].parents[0]
        if owner not in dex.classes and owner[0] != "[":
            found.add(Member(owner, member.name, member.kind))
    return found


def test_everything_is_from_android_java_or_litert(used):
    packages = ("android/", "java/", "org/tensorflow/lite/")
    assert [str(member) for member in used if not member.owner.startswith(packages)] == []


def test_the_oldest_phone_has_everything(tools, used):
    oldest = ClassPath(tools.api_17)
    platform = [one for one in used if one.owner.startswith(("android/", "java/"))]
    missing = sorted(str(member) for member in platform if not oldest.offers(member))
    assert missing == sorted(LATER)
    assert max(LATER.values(), default=0) <= int(setting("minSdk"))


def test_android_16_still_has_everything(tools, used):
    newest = Api(tools.api_36)
    android = [member for member in used if member.owner.startswith("android/")]
    assert [str(member) for member in android if not newest.offers(member)] == []


def test_only_what_litert_ships_is_called(tools, built, used):
    allowed = ClassPath(built.litert, tools.api_17)
    litert = [member for member in used if member.owner.startswith("org/tensorflow/")]
    assert litert and all(allowed.offers(member) for member in litert)
    assert not any("Desktop" in member.owner for member in litert)


@pytest.mark.parametrize(
    ("owner", "name", "kind", "expected"),
    [
        ("android/view/View", "setAlpha", "(F)V", True),
        ("android/widget/TextView", "setAlpha", "(F)V", True),
        ("android/view/View$OnClickListener", "onClick", "(Landroid/view/View;)V", True),
        ("android/view/View", "VISIBLE", "I", True),
        ("android/view/View", "setAlpha", "(FF)V", False),
        ("android/view/View", "setBeta", "(F)V", False),
        ("android/view/NoView", "setAlpha", "(F)V", False),
    ],
)
def test_both_look_ups_know_what_exists(tools, owner, name, kind, expected):
    member = Member(owner, name, kind)
    assert ClassPath(tools.api_17).offers(member) is expected
    assert Api(tools.api_36).offers(member) is expected
