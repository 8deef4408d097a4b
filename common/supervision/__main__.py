"""`python -m common.supervision with-servers -- COMMAND…` runs a command with servers of its own."""

from __future__ import annotations

import argparse
import sys

from common.supervision.local_servers import run_with_servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m common.supervision", description=__doc__)
    commands = parser.add_subparsers(required=True)
    with_servers = commands.add_parser(
        "with-servers", help="start servers in a temporary folder, run the command, clean up"
    )
    with_servers.add_argument("command", nargs="+", help="the command and its arguments, after --")
    return run_with_servers(parser.parse_args().command)


if __name__ == "__main__":
    sys.exit(main())
