"""Starts the kiosk: python app.py [OPTIONS] is `v2f kiosk [OPTIONS]`; see v2f/kiosk/cli.py."""

import sys

from v2f.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["kiosk", *sys.argv[1:]]))
