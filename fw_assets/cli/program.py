"""Program `fw-assets`, the group that the commands add themselves to."""

from __future__ import annotations

import gc

import click

from fw_assets.commands.errors import JsonErrors


@click.group(cls=JsonErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fw-assets")
def main() -> None:
    """Benchmark, fine-tune, compare and deploy label predictors."""
    # The program is tens of thousands of objects that stay. Searching them for garbage after every 700 new ones, as
    # Python does by default, takes a sixth of the loading time.
    gc.set_threshold(50_000)
