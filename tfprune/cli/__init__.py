"""The command line `tfprune VERB`; each verb is a module in `verbs`.

Exit codes: 0 it worked; 1 a check failed, or something asked could not be done; 2 the command was
misspelled; 130 interrupted. With `--json` standard output holds one JSON document and nothing
else; progress and errors go to standard error.
"""

from __future__ import annotations

from tfprune.cli.entry import main

__all__ = ["main"]
