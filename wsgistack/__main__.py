"""``python -m wsgistack``, which is the command ``wsgistack``."""

import sys

from wsgistack.cli import main

sys.exit(main())
