"""`fw-assets`, and `python -m fw_assets`: the command line, which Ctrl-C ends without a traceback as it loads, too."""

from __future__ import annotations

import signal


def main() -> None:
    """Load the command line and run it. A command that has begun handles Ctrl-C itself (`readable_errors`)."""
    # A shell's background job ignores the signal, and goes on doing so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fw_assets.cli import main

    main(prog_name="fw-assets")


if __name__ == "__main__":
    main()
