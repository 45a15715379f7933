"""Name of the module with the code location's `defs`, for processes that load it by name.

Buttons of the code location start such processes, so what they import cannot import the module itself.
"""

from __future__ import annotations

CODE_LOCATION = "fw_assets.definitions"
