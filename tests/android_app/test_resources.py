"""The screen can be read, heard and touched: what can be seen of that in its XML."""

from __future__ import annotations

from itertools import chain
from xml.etree import ElementTree

import pytest

from tests.android_app.building import MAIN

RES = MAIN / "res"
ANDROID = "{http://schemas.android.com/apk/res/android}"
VIEWS = list(ElementTree.parse(RES / "layout/main.xml").iter())
# What is written on what, and the ratio that WCAG 2.2 asks for (1.4.3; 1.4.11 for bars and lines).
PAIRS = [
    ("ink", "page", 4.5),
    ("ink", "card", 4.5),
    ("soft_ink", "page", 4.5),
    ("soft_ink", "card", 4.5),
    ("on_accent", "accent", 4.5),
    ("on_error", "error", 4.5),
    ("accent", "card", 3.0),
    ("baseline", "card", 3.0),
]


def colours(folder):
    """Return the colours of a theme; what the dark one leaves out is that of the light one."""
    lines = ElementTree.parse(RES / folder / "colors.xml").iter("color")
    return {line.get("name"): line.text for line in lines}


def luminance(colour):
    """Return the relative luminance of "#RRGGBB" as WCAG defines it."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["values", "values-night"])
@pytest.mark.parametrize(("above", "below", "least"), PAIRS)
def test_colours_stand_out(theme, above, below, least):
    own = colours("values") | colours(theme)
    dark, light = sorted((luminance(own[above]), luminance(own[below])))
    assert (light + 0.05) / (dark + 0.05) >= least


def test_the_dark_theme_has_every_colour_but_the_icons():
    assert colours("values").keys() - colours("values-night").keys() == {"icon"}


def test_sizes_of_text_follow_what_the_user_set():
    styles = ElementTree.parse(RES / "values/themes.xml").iter("item")
    sizes = [item.text for item in styles if item.get("name") == "android:textSize"]
    sizes += filter(None, (view.get(ANDROID + "textSize") for view in VIEWS))
    assert sizes and all(size.endswith("sp") for size in sizes)


def test_every_word_can_be_translated():
    words = chain(*(view.items() for view in VIEWS))
    said = [
        value for key, value in words if key in (ANDROID + "text", ANDROID + "contentDescription")
    ]
    assert said and all(value.startswith("@string/") for value in said)


@pytest.mark.parametrize("kind", ["Spinner", "Button"])
def test_what_is_touched_is_as_large_as_a_finger(kind):
    styles = {"Spinner": "@style/Choice", "Button": "@style/Action"}
    assert {view.get("style") for view in VIEWS if view.tag == kind} == {styles[kind]}
    themes = ElementTree.parse(RES / "values/themes.xml").iter("style")
    [style] = [one for one in themes if one.get("name") == styles[kind].removeprefix("@style/")]
    assert "@dimen/finger" in [item.text for item in style]
    sizes = ElementTree.parse(RES / "values/dimens.xml").iter("dimen")
    assert {size.get("name"): size.text for size in sizes}["finger"] == "48dp"


def test_what_has_no_words_of_its_own_is_described():
    silent = [view for view in VIEWS if view.tag in ("Spinner", "ProgressBar", "ImageView")]
    assert silent and all(view.get(ANDROID + "contentDescription") for view in silent)


def test_every_change_is_announced():
    live = {
        view.get(ANDROID + "id") for view in VIEWS if view.get(ANDROID + "accessibilityLiveRegion")
    }
    assert live == {"@+id/error", "@+id/headline", "@+id/baseline_guess", "@+id/compared_guess"}
