"""The command line: `python -m impasto`, or `impasto` where the package is installed."""

import os
import sys

from ._impasto import main as run


def main():
    """Run the command line of this process."""
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter has nothing to put in order: leave at once, as the program does by itself.
    os._exit(run(["impasto", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
