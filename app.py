"""Starts the page: python app.py [--port 7860] [--weights FILE]."""

import argparse
import sys

import v2f
from v2f.errors import V2FError


def main() -> int:
    parser = argparse.ArgumentParser(description="A face from a voice, in the browser.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--weights", help='a weights file, or "released"; by default the bundled ones')
    parser.add_argument("--exact", action="store_true", help="compute in float32 throughout")
    arguments = parser.parse_args()
    try:
        from v2f.kiosk.server import serve  # here, so that --help answers at once

        serve(v2f.load(arguments.weights, exact=arguments.exact), arguments.host, arguments.port)
    except V2FError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # the ordinary way to stop it
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
