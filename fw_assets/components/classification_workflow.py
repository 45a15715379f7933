"""`fw_assets.ClassificationWorkflow`: the workflow as a Dagster component, of which a project may have several."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from fw_assets.classification.dataset_reference import dataset_name, is_remote, is_url
from fw_assets.classification.errors import input_error
from fw_assets.classification.session_input import make_session
from fw_assets.components.attribute_bounds import TEMPLATE, attributes_of, one_of
from fw_assets.components.attributes import (
    PLATFORMS,
    SCHEDULES,
    SENSORS,
    STATUSES,
    AutomationAttributes,
    PlatformAttributes,
    SessionAttributes,
    check_amount,
    check_owners,
    key_path,
    name_of,
    refuse_null,
    require_values,
)
from fw_assets.components.placed_component import PlacedComponent
from fw_assets.components.scaffolding import WorkflowScaffolder
from fw_assets.components.sources import DATASET, DatasetSource, Source
from fw_assets.pipeline.workflow.instance import OWNERS, PlatformChoice, Status, WorkflowInstance

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dg.scaffold_with(WorkflowScaffolder)
class ClassificationWorkflow(PlacedComponent, SessionAttributes, dg.Resolvable):
    """Benchmark, fine-tune, compare and deploy label predictors for a dataset of the project.

    Plans wait for a person's yes; nothing is spent before. Every name begins with that of the instance.
    """

    dataset: str | Source | None = Field(
        None,
        description="An upstream asset with its columns; a file, folder, URL or dataset of the platform (a path is "
        "relative to the project); an inbox; or a pattern of the platform's datasets. Left out: an inbox in the "
        "workspace.",
    )
    name: str | None = Field(
        None, description="Begins every name; left out, that of the folder. Small letters, digits and underscores."
    )
    workspace: str | None = Field(
        None, description="A folder (relative to the project) or fsspec URL; left out, workspace/NAME in the project."
    )
    platform: str | PlatformAttributes | None = Field(
        default_factory=PlatformAttributes,
        description="The platform that is asked: its kind, or more of it.",
        json_schema_extra={
            "pattern": one_of(PLATFORMS),
            **attributes_of(PlatformAttributes, kind=one_of(PLATFORMS)),
        },
    )
    key_prefix: str | list[str] | None = Field(None, description="Of the asset keys; left out, the name.")
    group_prefix: str | None = Field(None, description="Of the asset groups; left out, the name and an underscore.")
    owners: list[str] = Field(list(OWNERS), description="Of the assets: team:NAME, or addresses.")
    automation: str | AutomationAttributes | None = Field(
        default_factory=AutomationAttributes,
        description="Status of each sensor and schedule.",
        json_schema_extra={
            "pattern": TEMPLATE,
            **attributes_of(AutomationAttributes, **dict.fromkeys((*SENSORS, *SCHEDULES), one_of(STATUSES))),
        },
    )
    scheduled: str = Field("*", description="Pattern of the datasets that the schedules take.")
    regression_max_usd: float = Field(
        0.0,
        json_schema_extra={"minimum": 0},
        description="The most that one nightly check of a deployment may cost; no approved plan covers it.",
    )

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        return dg.ComponentTypeSpec(
            description="Benchmark, fine-tune, compare and deploy label predictors for a dataset of the project.",
            tags=["classification", "fine-tuning", "evaluation"],
            owners=list(OWNERS),
        )

    def claims(self, folder: Path, project: Path) -> dict[str, str]:
        name = self.name_in(folder)
        own = {
            "name": name,
            "key_prefix": name_of(self._keys(name)),
            "workspace": _normal(_in_project(project, self._workspace(name))),
        }
        return own | ({"dataset.inbox": _normal(self._inbox(name, project))} if self._watches_inbox() else {})

    def definitions_in(self, folder: Path, project: Path) -> dg.Definitions:
        return self.definitions(self.name_in(folder), project)

    def name_in(self, folder: Path) -> str:
        """The name of an instance that is defined in this folder."""
        return self.name or re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_")

    def definitions(self, name: str, project: Path) -> dg.Definitions:
        """The definitions of an instance of this name in the project of this folder."""
        from fw_assets.components.dataset_asset import dataset_definitions
        from fw_assets.components.source_checks import check_source
        from fw_assets.components.workflow_definitions import workflow_definitions

        if not _NAME.fullmatch(name):
            message = f"{name!r} is not of small letters, digits and underscores, with a letter first"
            raise input_error(message, kind="component", field="name")
        source = self.dataset if isinstance(self.dataset, Source) else Source()
        require_values(self, ("dataset", "workspace", "name", "key_prefix", "scheduled"))
        require_values(source, ("asset", "inbox", "platform"), "dataset.")
        refuse_null(self)
        refuse_null(source, "dataset.")
        platform = self.platform
        if platform is None or isinstance(platform, str):
            platform = PlatformAttributes(kind=platform)
        check_owners(self.owners)
        check_amount("regression_max_usd", self.regression_max_usd)
        session = self._session()
        origin = self._origin(name, project, source)
        check_source(source, session, self._keys(name))
        workflow = self._instance(name, project, session, source, platform.choice(), origin)
        whole = workflow_definitions(workflow)
        return whole if origin is None else dg.Definitions.merge(whole, dataset_definitions(workflow, origin))

    def _session(self) -> dict[str, Any]:
        """The fields that were given, once all are found right."""
        fields = self.given()
        make_session(fields)
        return fields

    def _origin(self, name: str, project: Path, source: Source) -> DatasetSource | None:
        """The one dataset of the instance; None where it has an inbox, or watches the platform."""
        named = [field for field in ("asset", "inbox", "platform") if getattr(source, field) is not None]
        if len(named) > 1:
            message = f"names {' and '.join(named)}, and the rows come from one place"
            raise input_error(message, kind="component", field="dataset")
        if source.asset is not None:
            return DatasetSource(dataset_name(name.replace("_", "-")), source, None)
        if isinstance(self.dataset, Source):
            if not named:
                message = "names no place: write asset, inbox or platform, or a path in its stead"
                raise input_error(message, kind="component", field="dataset")
            return None
        if self.dataset is None:
            return None
        reference = self.dataset if is_remote(self.dataset) else str(project / Path(self.dataset).expanduser())
        return DatasetSource(dataset_name(name.replace("_", "-")), source, reference)

    def _instance(
        self,
        name: str,
        project: Path,
        session: dict[str, Any],
        source: Source,
        platform: PlatformChoice,
        origin: DatasetSource | None,
    ) -> WorkflowInstance:
        keys, workspace = self._keys(name), self._workspace(name)
        usual: dict[str, Status] = {
            "inbox": self._usual_inbox(),
            "platform_datasets": "running" if source.platform is not None else "absent",
        }
        statuses = {**usual, **self._given_statuses(origin, source)}
        return WorkflowInstance(
            name=name,
            key_prefix=keys,
            group_prefix=f"{name}_" if self.group_prefix is None else self.group_prefix,
            owners=tuple(self.owners),
            workspace=_in_project(project, workspace),
            platform=platform,
            inbox=self._inbox(name, project),
            watched=source.platform,
            session=json.dumps(session, sort_keys=True),
            scheduled=self.scheduled,
            regression_max_usd=self.regression_max_usd,
            sources=((*keys, DATASET),) if origin else (),
            automation=tuple(sorted(statuses.items())),
        )

    def _inbox(self, name: str, project: Path) -> str:
        given = self.dataset.inbox if isinstance(self.dataset, Source) else None
        return _in_project(project, self._workspace(name)) + "/inbox" if given is None else _in_project(project, given)

    def _watches_inbox(self) -> bool:
        return (getattr(self.automation, "inbox", None) or self._usual_inbox()) != "absent"

    def _usual_inbox(self) -> Status:
        """The status of the inbox's sensor where no attribute gives one."""
        if isinstance(self.dataset, Source):
            return "running" if self.dataset.asset is None and self.dataset.platform is None else "absent"
        return "running" if self.dataset is None else "absent"

    def _given_statuses(self, origin: DatasetSource | None, source: Source) -> dict[str, Status]:
        """The statuses that the attributes give, of sensors that the instance can have."""
        if self.automation is None or isinstance(self.automation, str):
            message = f"expected sensors and schedules, such as phases: running (found {self.automation!r})"
            raise input_error(message, kind="component", field="automation")
        refuse_null(self.automation, "automation.")
        given = self.automation.given()
        for name in _idle(origin, source):
            if given.get(name, "absent") != "absent":
                message = "has nothing to watch here: it is about another kind of dataset"
                raise input_error(message, kind="component", field=f"automation.{name}")
        return given

    def _keys(self, name: str) -> tuple[str, ...]:
        return key_path("key_prefix", self.key_prefix) if self.key_prefix else (name,)

    def _workspace(self, name: str) -> str:
        return self.workspace or f"workspace/{name}"


def _idle(origin: DatasetSource | None, source: Source) -> tuple[str, ...]:
    """The sensors that have nothing to watch."""
    watches = {"dataset": origin is not None, "platform_datasets": source.platform is not None}
    return tuple(name for name, has in watches.items() if not has)


def _normal(place: str) -> str:
    """One name of a place that has several."""
    return place.rstrip("/") if is_url(place) else os.path.normpath(place)


def _in_project(project: Path, place: str) -> str:
    return place if is_url(place) else str(project / Path(place).expanduser())
