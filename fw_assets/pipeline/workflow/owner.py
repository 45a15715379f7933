"""Owner of a workspace: the component of a project whose runs write it, noted in the workspace itself.

Commands ask the environment's platform and record under the names of this package's own code location: on the
workspace of a component they are no help, and messages name Dagster's assets and jobs in their place.
"""

from __future__ import annotations

from pydantic import ValidationError

from fw_assets.classification.errors import input_error
from fw_assets.classification.values import Frozen
from fw_assets.settings import PlatformName
from fw_assets.workspace.workspace import Workspace

FILE = ".component"


class Owner(Frozen):
    """The component.

    Attributes:
        name: of the instance.
        key_prefix: of its asset keys.
        platform: that it asks.
    """

    name: str
    key_prefix: tuple[str, ...]
    platform: PlatformName

    def key(self, asset: str) -> str:
        """The key of an asset, as Dagster's pages show it."""
        return "/".join((*self.key_prefix, asset))


def note_owner(store: Workspace, owner: Owner) -> None:
    """Note the component, once."""
    if owner_of(store) != owner:
        store.write_text(owner.model_dump_json(), FILE)


def owner_of(store: Workspace) -> Owner | None:
    """The component whose workspace this is; None of one that commands work on."""
    try:
        text = store.read_text(FILE)
        return None if text is None else Owner.model_validate_json(text)
    except (OSError, ValidationError):
        return None  # It only words messages, and the next run writes it again.


def require_no_owner(store: Workspace) -> None:
    """Refuse what plans, approves or runs: on the workspace of a component its project does that.

    Raises:
        InputError: the workspace is that of a component; the message names what works.
    """
    owner = owner_of(store)
    if owner is not None:
        raise input_error(
            f"{store.root} is the workspace of the component {owner.name} of a Dagster project, which drives it",
            kind="workspace",
            field="workspace",
            advice=f"Answer its plans with `{owner.key('approval')}` in Dagster. To look: status, report, predict.",
        )


def require_its_platform(store: Workspace, name: PlatformName) -> None:
    """Refuse to ask another platform than that which has the models of the workspace.

    Raises:
        InputError: the workspace is that of a component on another platform; the message names what works.
    """
    owner = owner_of(store)
    if owner is not None and owner.platform != name:
        raise input_error(
            f"the models of {store.root} are on the platform {owner.platform} of the component {owner.name}, and the "
            f"one that is asked is {name}",
            kind="setting",
            field="FW_PLATFORM",
            advice=f"Set FW_PLATFORM={owner.platform}. In its project, fw_assets.predictions(..., "
            f"workflow={owner.name!r}) asks it with its own key.",
        )
