"""Names of the code location and of the module with its `defs`, for processes that load it by name.

Buttons of the code location start such processes, so what they import cannot import the module itself.
"""

from __future__ import annotations

CODE_LOCATION = "fw_assets.definitions"
LOCATION_NAME = "fw_assets"
"""As in workspace.yaml and pyproject.toml: Dagster knows sensors and runs by it."""
