"""Trains: python train.py STAGE ... is `v2f train STAGE ...`, and what torchrun starts; see v2f/training/cli.py."""

import sys

from v2f.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
