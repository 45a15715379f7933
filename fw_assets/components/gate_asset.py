"""Asset of an approval gate: a person's answer to the newest version of another asset, and what others take of it."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, get_origin

import dagster as dg
from pydantic import Field

from fw_assets.classification.errors import input_error
from fw_assets.components.gate import (
    ASSET,
    Gate,
    GateApproval,
    has_partitions,
    part_of,
    require_gate,
    require_gates,
    version_of,
)
from fw_assets.pipeline.errors.phase import NotAnAnswer, NotApproved
from fw_assets.pipeline.signature.answer import check_person, check_version, now
from fw_assets.pipeline.signature.trail import answer_rows, record_answer
from fw_assets.pipeline.steps.retries import readable_failures, refusals
from fw_assets.pipeline.ui.metadata import summary, table
from fw_assets.report.escape import code
from fw_assets.workspace.workspace import Workspace


class _Answer(Enum):
    approve = "approve"
    reject = "reject"


class GateConfig(dg.Config):
    """A person's answer to the newest version of the asset."""

    approved_by: str = Field(description="Your name. Recorded with the answer.")
    # No default: whoever has not seen the version, such as a page of another site, cannot name it.
    digest: str = Field(description="Digest of the version that you looked at; refused if it is another by now.")
    decision: _Answer = Field(_Answer.approve, description="approve, or reject: what takes the gate does not run.")
    partition: str = Field("", description="Of the asset, where it has partitions.")
    note: str = Field("", description="Anything to remember; kept with the answer.")


def gate_definitions(gate: Gate) -> dg.Definitions:
    """The asset, its sensor, and the IO manager by which others take the answer."""
    return dg.Definitions(
        assets=[_asset(gate)], sensors=[_sensor(gate)], resources={f"{gate.name}_values": GateValues(gate)}
    )


class GateValues(dg.IOManager):
    """Gives an asset the approval, as long as it is one and of the newest version."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        raise NotImplementedError(f"{context.asset_key.to_user_string()} keeps its answers itself")

    def load_input(self, context: dg.InputContext) -> GateApproval | dict[str, GateApproval]:
        """The approval; by partition where the input is annotated so, or a run is about a range of partitions.

        Raises:
            dagster.Failure: nobody has approved the newest version.
        """
        instance, annotated = context.step_context.instance, context.dagster_type.typing_type
        partitions = _partitions(context)
        with readable_failures():
            if not partitions or not has_partitions(instance, self._gate):
                return require_gate(instance, self._gate)
            answers = require_gates(instance, self._gate, partitions)
            by_partition = dict in (annotated, get_origin(annotated))
            if len(answers) > 1 and annotated is GateApproval:
                raise input_error(
                    f"takes one approval, and the run is about {len(answers)} partitions, each with its own",
                    kind="component",
                    field=str(context.name),
                    advice="Annotate it as dict[str, fw_assets.GateApproval]: the approvals by partition.",
                )
            return answers if by_partition or len(answers) > 1 else answers[partitions[0]]


def _partitions(context: dg.InputContext) -> Sequence[str]:
    """The partitions that the step is about; none where it has none."""
    if context.has_partition_key:
        return [context.partition_key]
    step = context.step_context
    definition = step.assets_def.partitions_def if step.assets_def is not None else None
    if definition is None or not step.has_partition_key_range:
        return []
    with dg.partition_loading_context(dynamic_partitions_store=step.instance):
        return definition.get_partition_keys_in_range(step.partition_key_range)


def _asset(gate: Gate) -> dg.AssetsDefinition:
    def approval(context: dg.AssetExecutionContext, config: GateConfig) -> dg.MaterializeResult:
        """Records the answer, bound to the digest of the version."""
        answer = _answer(context.instance, gate, config)
        store = Workspace(gate.folder)
        record_answer(store, gate.name, answer)
        store.write(ASSET, gate.name, answer, inputs=answer.digest, model=part_of(config.partition))
        by = code(answer.approved_by, table=False)
        version = f"{answer.partition} {answer.digest}".strip()
        return dg.MaterializeResult(
            data_version=dg.DataVersion(f"{answer.digest}-{answer.decision}"),
            check_results=[
                dg.AssetCheckResult(
                    check_name="approved",
                    passed=answer.decision == "approved",
                    description=f"{gate.thing} {version} {answer.decision} by {answer.approved_by}",
                )
            ],
            metadata={
                "summary": summary(gate.thing, f"{version} is **{answer.decision}** by {by}."),
                "answers": table(answer_rows(store, gate.name, "digest", "partition", "note")),
                "decision": answer.decision,
                "approved_by": answer.approved_by,
                "digest": answer.digest,
                **({"note": answer.note} if answer.note else {}),
            },
        )

    check = dg.AssetCheckSpec(
        "approved",
        asset=dg.AssetKey(gate.key),
        blocking=True,
        description="The newest answer is a yes: what depends on the gate in the same run goes on.",
    )
    define: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        key=dg.AssetKey(gate.key),
        deps=[dg.AssetKey(gate.gated)],
        group_name=gate.group,
        owners=list(gate.owners),
        kinds={"human"},
        code_version="1",
        check_specs=[check],
        io_manager_key=f"{gate.name}_values",
        description=(
            f"A person's answer to the newest version of {gate.thing}: click Materialize, write your name in "
            "approved_by, and the digest of the version that you looked at in digest. To say no, write decision: "
            "reject. Another version waits for another answer."
        ),
    )
    return define(approval)


def _answer(instance: dg.DagsterInstance, gate: Gate, config: GateConfig) -> GateApproval:
    current = version_of(instance, gate, config.partition)
    thing = f"{gate.thing} {config.partition}".strip()
    with refusals():
        if not current:
            raise NotAnAnswer(f"{thing} has no version that could be answered: materialize it first")
        check_version(
            config.digest,
            current,
            thing,
            where=f"digest is empty; it stands on the page of {gate.thing}, as digest or as its data version",
            again="look at it again",
        )
        check_person(config.approved_by)
    return GateApproval(
        asset=gate.thing,
        partition=config.partition,
        digest=current,
        decision="approved" if config.decision is _Answer.approve else "rejected",
        approved_by=config.approved_by,
        note=config.note,
        at=now(),
    )


def _sensor(gate: Gate) -> dg.SensorDefinition:
    def waits(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Says whether the newest version waits for an answer, and to which digest."""
        current = version_of(context.instance, gate)
        if not current:
            return dg.SkipReason(f"{gate.thing} has not been materialized yet")
        try:
            answer = require_gate(context.instance, gate)
        except NotApproved as error:
            return dg.SkipReason(str(error))
        return dg.SkipReason(f"{gate.thing} {current} is approved by {answer.approved_by}")

    define: Callable[[Callable[..., Any]], dg.SensorDefinition] = dg.sensor(
        name=f"{gate.name}_waits",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Says whether {gate.thing} waits for an answer; it starts nothing.",
    )
    return define(waits)
