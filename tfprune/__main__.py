"""`python -m tfprune` is `tfprune`."""

import sys

from tfprune.cli import main

sys.exit(main())
