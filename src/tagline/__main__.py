"""The commands `tagline COMMAND ...`, each a module with `main(arguments)`."""

import argparse
import sys
from importlib import import_module

COMMANDS = {
    "challenge": "tagline.measures.challenge",
    "manifest": "tagline.reading.manifest",
    "provenance": "tagline.artefacts.lineage",
    "record": "tagline.fetch",
}


def main() -> int:
    """Run the command that is named first, and return its exit status."""
    parser = argparse.ArgumentParser(prog="tagline")
    parser.add_argument("command", choices=COMMANDS)
    options = parser.parse_args(sys.argv[1:2])
    status: int = import_module(COMMANDS[options.command]).main(sys.argv[2:])
    return status


if __name__ == "__main__":
    sys.exit(main())
