"""Where the program's own files lie: the folder that holds engine/, mappings/ and schemas/.

In the repository that is its top level; installed, the folder of the one package.
"""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
