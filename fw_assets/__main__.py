"""`python -m fw_assets` is `fw-assets`."""

from fw_assets.cli import main

main(prog_name="fw-assets")
