"""Random language models that the tests of this folder share; without torch the tests are skipped."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, describe, missing_packages
from fw_assets_tests.embedded.engine.language_model.tiny_models import ARCHITECTURES, make_folder


@pytest.fixture(scope="session")
def torch_extra() -> None:
    missing = missing_packages()
    if missing:
        pytest.skip(f"the extra llm is not installed: {missing}")


@pytest.fixture(scope="session")
def folders(torch_extra: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, LanguageModelFolder]:
    """One described folder per architecture."""
    home = tmp_path_factory.mktemp("language-models")
    return {name: describe(f"tiny-{name}", make_folder(name, home / name), str(home / name)) for name in ARCHITECTURES}


@pytest.fixture(scope="session", params=ARCHITECTURES)
def folder(request: pytest.FixtureRequest, folders: dict[str, LanguageModelFolder]) -> LanguageModelFolder:
    return folders[request.param]


@pytest.fixture(scope="session")
def model(folder: LanguageModelFolder) -> Any:
    """A loaded model of each architecture, in float32."""
    import torch

    from fw_assets.embedded.engine.language_model.language_model import LanguageModel

    return LanguageModel(folder, torch.float32, "cpu")
