"""The site: `make docs` builds it from Markdown, docstrings, the parser, the recipes' schema."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

from pages import as_rest, without_ways_out, write_reference
from sphinx.application import Sphinx

import tfprune

project = "tfprune"
author = "the tfprune authors"
copyright = "the tfprune authors, Apache-2.0"
version = release = tfprune.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxarg.ext",
]
exclude_patterns = ["measured", "site"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
autodoc_typehints = "none"  # the signature says them
autodoc_member_order = "bysource"
napoleon_google_docstring, napoleon_numpy_docstring = True, False
html_theme = "furo"
html_title = f"tfprune {release}"
default_role = "code"
html_theme_options = {"navigation_with_keys": True}
pygments_style, pygments_dark_style = "friendly", "monokai"


def setup(app: Sphinx) -> None:
    """Write the pages that stand in code; mend what Sphinx would misread."""
    write_reference(Path(__file__).parents[1] / "reference")
    app.connect("autodoc-process-docstring", lambda *event: as_rest(event[-1]), priority=1)
    app.connect("source-read", _read)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = without_ways_out(source[0])
