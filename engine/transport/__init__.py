"""HTTP: one request out, one answer in, at the allowed pace, with its signature."""

import sys

# httpx loads a command line of its own, with rich and pygments, where it can, and does without
# where it can't: a module that is None in here can't be imported. Nobody calls that command line.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
