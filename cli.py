"""Starts the program from the folder that it lies in, the repository or an installed package.

``python cli.py`` is the same as the command ``qliro-fortnox``; what the commands do is in
``engine/commands``.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Not what else may be called engine on this machine.
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from engine.start import main

    main()
