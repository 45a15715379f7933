"""Workflow of one dataset: its plan, the answer to it, its run, its report, and predictions."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, overload

import polars as pl

from fw_assets.api.arguments import check_number, check_one_of, check_one_way, check_text
from fw_assets.api.labelling import label_table, label_to_file
from fw_assets.api.progress import progress, say
from fw_assets.api.views import Plan, Report
from fw_assets.classification.errors import input_error
from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.plan import Plan as PlanValue
from fw_assets.classification.session import MITIGATIONS, Mitigation
from fw_assets.pipeline.errors.phase import NotApproved, PhaseError
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.prediction.label_text import label_text, label_text_by_cascade, label_text_freely
from fw_assets.pipeline.reporting.report_files import whole_report
from fw_assets.pipeline.run_config import approval_config
from fw_assets.pipeline.runner.driver import UNDECIDED, answer, plan_now
from fw_assets.pipeline.runner.session import exclusive_pool, finish
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.pipeline.values.prediction import LabelledFile, LabelledText
from fw_assets.report.schema.report import Report as ReportValue
from fw_assets.settings import in_workspace
from fw_assets.workspace.predictions import PARTS, prediction_path
from fw_assets.workspace.workspace import Workspace

KINDS = ("base", "tuned")


class Workflow:
    """The workflow of one dataset. A notebook draws its report, or as long as there is none, its plan.

    Every method does what the command of its name does, on the same workspace and the same Dagster instance.

    Attributes:
        name: of the dataset.
        plan: as it was when this object was made; `approve` says yes to this plan and to no other.
    """

    def __init__(self, name: str, root: str, make_pool: PoolFactory | None = None) -> None:
        self.name = name
        self._root = root
        self._make_pool = make_pool
        self.plan = self._stored_plan()

    @property
    def workspace(self) -> str:
        """The workspace's folder or address."""
        return self._root

    @property
    def state(self) -> str:
        """Where it stands: `running` (something is due), `waiting` for an answer, `rejected`, `done`, `incomplete`."""
        return due(self._store, self.name, driver=None).state

    @property
    def note(self) -> str:
        """Where it stands, in a sentence."""
        return due(self._store, self.name, driver=None).note

    def approve(
        self,
        *,
        digest: str | None = None,
        mitigation: Mitigation | None = None,
        labels_confirmed: bool = False,
        by: str | None = None,
        note: str = "",
    ) -> Workflow:
        """Say yes to the plan, so that `run` may spend up to its ceiling; approving again allows another attempt.

        Args:
            digest: of the plan that was read; needed only where a part of the instruction was not understood.
            mitigation: against imbalance; left out, that of the session.
            labels_confirmed: you looked at the labels and they are right. Recorded.
            by: who answers; left out, the user of this process. Recorded, like `note`.

        Raises:
            InputError: a part of the instruction was not understood, or an argument is wrong.
            StepFailed: the plan is another by now, or the platform's offer has changed: plan again, and look at it.
        """
        if mitigation is not None:
            check_one_of("mitigation", mitigation, MITIGATIONS)
        unused = self.plan.value.unused
        if unused and digest is None:
            parts = "; ".join(f"{clause!r}: {suggest(clause)}" for clause in unused)
            raise input_error(
                f"not understood in the instruction: {parts}",
                field="instruction",
                advice=f"Plan again with another, or say yes without it: approve(digest={self.plan.digest!r})",
            )
        self._answer("approve", digest, mitigation, labels_confirmed, by, note)
        return self

    def reject(self, *, by: str | None = None, note: str = "") -> Workflow:
        """Say no to the plan; nothing is started. It can still be approved."""
        self._answer("reject", None, None, False, by, note)
        return self

    def run(self) -> Report:
        """The report, after every phase that is due. Called again after an interruption it goes on where it was.

        Raises:
            NotApproved: the plan has no yes.
            StepFailed: a phase failed; what was done is kept.
            PhaseError: Dagster's daemon carries on with this dataset.
        """
        with self._at_work() as (store, pool):
            platform = platform_from_environment()
            status = plan_now(pool, store, platform, self.name, report=say, states=UNDECIDED)
            if status.state not in UNDECIDED:
                status = finish(pool, store, platform, self.name, report=say)
        self.plan = self._stored_plan()
        if status.state in UNDECIDED:
            raise NotApproved(f"{self.name}: {status.note}. Look at `plan`, and say yes to it with `approve()`.")
        if status.state not in ("done", "incomplete"):
            advice = "; `approve()` takes it over" if status.state == "elsewhere" else ""
            raise PhaseError(f"{self.name}: {status.note}{advice}")
        return self.report

    @property
    def report(self) -> Report:
        """The report as it is stored.

        Raises:
            FileNotFoundError: there is none yet, or its files are not what was written.
        """
        store = self._store
        text = whole_report(store, self.name)
        if text is None:
            raise FileNotFoundError(f"{self.name} has no report yet: {self.note}")
        return Report(ReportValue.model_validate_json(text), store.url(self.name, "final_report.html"))

    def predictions(
        self, model: str, *, kind: Literal["base", "tuned"] = "base", part: Literal["validation", "test"] = "test"
    ) -> pl.DataFrame:
        """One row per row of the part: its label (`gold`), what the model said, and how confident it was.

        Args:
            model: as `plan.models` names it.

        Raises:
            InputError: the plan has no such model, or there is no such kind or part.
            FileNotFoundError: the model has not answered these rows.
        """
        check_one_of("model", model, self.plan.models["model"].unique(maintain_order=True).to_list())
        check_one_of("kind", kind, KINDS)
        check_one_of("part", part, PARTS)
        store, path = self._store, prediction_path(self.name, model, kind, part)
        if not store.exists(*path):
            raise FileNotFoundError(f"{self.name}: {model} ({kind}) has not answered the {part} rows: {self.note}")
        return store.scan_frame(*path).collect()

    @overload
    def predict(
        self,
        rows: str,
        *,
        system: str | None = None,
        free: bool = False,
        cascade: bool = False,
        threshold: float | None = None,
    ) -> LabelledText: ...
    @overload
    def predict(
        self,
        rows: Any,
        *,
        system: str | None = None,
        free: bool = False,
        cascade: bool = False,
        text_column: str | None = None,
        text_template: str | None = None,
        threshold: float | None = None,
        probabilities: bool = False,
        max_spend_usd: float | None = None,
        yes: bool = False,
    ) -> pl.DataFrame: ...
    def predict(
        self,
        rows: Any,
        *,
        system: str | None = None,
        free: bool = False,
        cascade: bool = False,
        threshold: float | None = None,
        **options: Any,
    ) -> LabelledText | pl.DataFrame:
        """Labels of the deployed winner, or of the base model that was kept: of one text, or of the rows of a table.

        Of a table each text is asked once, and what was answered is kept: a call that was interrupted asks for the
        rest. The columns `label`, `confidence`, `abstained` and `error` come behind its own (docs/predict.md).

        Args:
            rows: a text, a list of texts, or a table of polars, pandas or pyarrow.
            system: the system message before each text; left out, that of most rows of the dataset.
            free: ask the free model of the report, which costs nothing.
            cascade: ask a free model first, and the winner where that is not sure enough, by the report's threshold;
                `model` or the column `answered_by` says who answered.
            text_column, text_template: where a table's text is; left out, as in the dataset, or found.
            threshold: no label below this confidence, and `abstained` says so; left out, the report's; 0: none.
            probabilities: a column more for each label.
            max_spend_usd: agrees to the price, up to this; what may cost something needs it, or `yes`.
            yes: agrees to the price, which is shown.

        Raises:
            InputError: the table cannot be read, or its price needs a yes; the message says it.
            PhaseError: nothing serves the winner, or the price is above `max_spend_usd`.
            FireworksError: the platform refuses the key, the account or the model.
        """
        with in_workspace(self._root):
            store, platform = self._store, platform_from_environment()
            if isinstance(rows, str):
                if options:
                    raise input_error("is for the rows of a table, not for one text", field=min(options))
                check_number("threshold", threshold)
                check_text("system", system)
                check_one_way(free=free, cascade=cascade)
                ask = label_text_freely if free else label_text_by_cascade if cascade else label_text
                answer = ask(store, platform, self.name, rows, system=system, threshold=threshold)
                if answer.notes:
                    with progress():
                        say("\n".join(answer.notes))
                return answer
            with progress():
                options |= {"system": system, "free": free, "cascade": cascade, "threshold": threshold}
                return label_table(store, platform, self.name, rows, **options)[0]

    def predict_file(
        self, file: str | os.PathLike[str], out: str | os.PathLike[str], *, yes: bool = False, **options: Any
    ) -> LabelledFile:
        """The counts of a file labelled into another, as `fw-assets predict NAME --file FILE --out FILE` does it.

        Args:
            file: a path, a URL, or any other reference that a dataset can have.
            options: as of `predict`.

        Raises:
            As `predict`.
        """
        with in_workspace(self._root), progress():
            return label_to_file(
                self._store, platform_from_environment(), self.name, str(file), out, yes=yes, **options
            )

    def _repr_html_(self) -> str:
        try:
            return self.report._repr_html_()
        except FileNotFoundError:
            return self.plan._repr_html_()

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, plan {self.plan.digest}: {self.note})"

    @property
    def _store(self) -> Workspace:
        return Workspace(self._root)

    def _stored_plan(self) -> Plan:
        value, head = self._store.require("plan", self.name, PlanValue), self._store.header("plan", self.name)
        return Plan(value, head.digest if head else value.digest)

    def _answer(
        self,
        decision: Literal["approve", "reject"],
        digest: str | None,
        mitigation: Mitigation | None,
        labels_confirmed: bool,
        by: str | None,
        note: str,
    ) -> None:
        for field, value in {"digest": digest, "by": by, "note": note}.items():
            check_text(field, value)
        config = approval_config(
            getpass.getuser() if by is None else by,
            digest or self.plan.digest,
            decision,
            driver="command-line",
            mitigation=mitigation,
            labels_confirmed=labels_confirmed,
            note=note,
        )
        with self._at_work() as (_, pool):
            answer(pool, self.name, config)

    @contextmanager
    def _at_work(self) -> Iterator[tuple[Workspace, Any]]:
        store = self._store
        with in_workspace(self._root), progress(), exclusive_pool(store, self.name, say, self._make_pool) as pool:
            yield store, pool
