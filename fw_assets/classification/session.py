"""Session: the user's settings for one dataset, with their defaults and bounds."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Set
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from fw_assets.classification.arm import ZERO_SHOT, read_arm
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.label_descriptions import LabelDescriptions
from fw_assets.classification.label_thresholds import DEFAULT_RULE, ThresholdRule
from fw_assets.classification.mistake_costs import MistakeCosts
from fw_assets.classification.model_endpoint import PREFIX, Endpoints
from fw_assets.classification.taxonomy.label_map import without_map
from fw_assets.classification.taxonomy.label_parents import LabelParents, parent_faults
from fw_assets.classification.values import Frozen

Mode = Literal["fine-tune", "benchmark"]
Mitigation = Literal["none", "rebalance", "weight", "drop-rare"]
DeployPolicy = Literal["if-better", "always", "never"]
MITIGATIONS: tuple[Mitigation, ...] = get_args(Mitigation)
Inference = Literal["serverless", "batch", "deployment", "decision"]
BadRows = Literal["fail", "quarantine"]
MAX_INSTRUCTION = 4_000
MAX_LABEL = 300
"""Characters. A longer text is no label where labels are looked for."""
MAX_TEMPLATE = 1_000
MAX_LORA_RANK = 256
"""No model is known to take more; what a model takes, its catalogue entry says."""
MIN_JOB_ROWS, MAX_JOB_ROWS = 3, 3_000_000
"""Rows of a dataset that a platform trains on; the upper one also bounds rows times epochs of a job."""
DEFAULT_MARGIN = 0.02
"""The loss of accuracy that does not matter, unless the session says otherwise."""
LATER_FIELDS = (
    *("margin", "slices", "group_field", "fields", "traffic", "gate", "costs", "warm_start_from", "endpoints"),
    *("text_column", "text_template", "label_column", "label_names", "label_flags", "weight_column", "sheet"),
    *("label_descriptions", "label_parents", "arms", "reject_label", "out_of_scope", "thresholds"),
)
"""Fields that sessions of earlier versions lack: their defaults leave the digests of registrations and plans."""

REFERENCES = ("dataset", "eval_dataset", "out_of_scope")
"""Fields that say where rows are; digests are made of the rows instead."""

ALL_FIELDS = "*"
FIELD_KINDS = ("label", "text")
"""Kinds that a field can be forced to have."""

_MAX_NAMED = 10


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("has a NUL character, which no path or address has")
    return text


_Reference = Annotated[str, Field(min_length=1, max_length=4_096), AfterValidator(_without_nul)]
_ModelName = Annotated[str, Field(min_length=1, max_length=300)]
_FieldName = Annotated[str, Field(min_length=1, max_length=100)]
_ArmName = Annotated[str, Field(min_length=1, max_length=50)]
_Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL)]
Rank = Annotated[int, Field(ge=1, le=MAX_LORA_RANK)]
Rate = Annotated[float, Field(gt=0, le=1)]
Epochs = Annotated[int, Field(ge=1, le=1_000)]


class Session(Frozen):
    """One run of the workflow on one dataset. Field by field in docs/session.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    dataset: _Reference | None = None
    """A file with rows (JSONL, JSON, CSV, TSV, Parquet, Arrow, a spreadsheet; also `.gz`, `.zst`, `.zip`), a folder of
    them, an fsspec URL of either, `sqlite:///FILE?query=SELECT ...` or the SQLAlchemy URL of another
    database, or `accounts/ACCOUNT/datasets/ID` on the platform."""
    eval_dataset: _Reference | None = None
    """The test set; left out, a part of `dataset` is held out for testing."""
    out_of_scope: _Reference | None = None
    """A file of texts that belong to no label, of any form that `dataset` has; its labels, if it has any, are not read.
    No model learns from them: half of them choose each model's confidence threshold, and the other half show how often
    a text of no label is found by it. Not for rows of several labels or several fields."""
    models: tuple[_ModelName, ...] = Field((), max_length=100)
    """Candidates; there is no default. Base models of the platform's catalogue or of the account, and LoRA adapters of
    the account (`accounts/ACCOUNT/models/ID`, or the id), which are evaluated as they are; so are deployments that
    exist (`accounts/ACCOUNT/deployments/ID`, or after `#` behind the model that is asked on it) and routers
    (`accounts/ACCOUNT/routers/ID`)."""
    endpoints: Endpoints | None = None
    """More candidates, asked as they are at OpenAI-compatible servers: name -> `{url: ..., model: ...}`, and where
    known `input_usd` and `output_usd` for 1M tokens, and `context`. Its key is in the environment, under
    `FW_ENDPOINT_KEY_NAME` or the name that `key_variable` gives. On the command line `NAME=URL#MODEL`."""
    instruction: str | None = Field(None, max_length=MAX_INSTRUCTION)
    """The session in plain English; explicit fields win over it."""
    labels: tuple[_Label, ...] | None = Field(None, min_length=2, max_length=5_000)
    """The label set; left out, it is inferred from the data and shown in the plan. In a session file also a map,
    label -> what it means, or label -> `{description: ..., parent: ...}`."""
    label_descriptions: LabelDescriptions | None = None
    """What labels mean, label -> text, e.g. `{billing: 'Invoices, refunds'}`; not every label needs one. They are part
    of the question in the arm `descriptions` and in decisions."""
    label_parents: LabelParents | None = None
    """What stands above labels, label -> parent, e.g. `{refund: billing, invoice: billing}`: another label, or a name
    that several labels are below. The report then has the accuracy at each level, as for labels that are paths
    (`billing/refund`), which need none."""
    arms: tuple[_ArmName, ...] = Field((ZERO_SHOT,), min_length=1, max_length=20)
    """Ways of asking each base model that need no tuning, each a row of the comparison: `zero-shot` (as it is, which is
    always measured), `descriptions` (the system message says what the labels mean), `decision` (a probability for each
    label, by `/systemone`, of fine-tuned models too), `two-stage` (the parent is asked for first, then the label below
    it), `knn-8` (the 8 training rows that are most like a row stand before it with their labels), `knn` (the same with
    2, 4, 8 or 16, whichever is best on the validation rows)."""
    extraction: str | None = Field(None, min_length=1, max_length=200)
    """Forces a rule for finding labels, e.g. `json_key:intent`; left out, one is chosen from the data."""
    fields: tuple[_FieldName, ...] = Field((), max_length=50)
    """Fields of answers that are JSON objects, to be asked for together, e.g. `department`, `urgency` and `order_id`.
    The first is the label: the split, the imbalance and all else that is said of labels goes by it. A field takes one
    of its values in the data (a list several), or is free where these do not repeat; `order_id:text` and
    `urgency:label` say which. `customer.tier` is the field of an object, `customer` stands for all of its fields, and
    `*` for all fields, with the one that is most like a label first. Left out: that one alone is asked for."""
    text_column: _FieldName | None = None
    """The column of a table, or the field of JSON objects, that holds the text; left out, it is found by its name or
    its values."""
    text_template: str | None = Field(None, min_length=1, max_length=MAX_TEMPLATE)
    """Several columns as one text, each in braces: `{subject}: {body}`. In place of `text_column`."""
    label_column: _FieldName | None = None
    """The column or field that holds the label; left out, it is found by its name or its values."""
    label_names: tuple[_Label, ...] | None = Field(None, min_length=2, max_length=5_000)
    """Names of labels that are numbers, in their order from 0; left out, those that the file itself has."""
    label_flags: tuple[_FieldName, ...] | None = Field(None, min_length=1, max_length=5_000)
    """Columns of 0 and 1, each of which is a label that a row has or has not. `*` stands for all such columns."""
    weight_column: _FieldName | None = None
    """The column with the weight of each row in training, a number of at least 0; `sample_weight` is known by name."""
    sheet: _FieldName | None = None
    """The sheet of a spreadsheet that has several sheets of rows."""
    imbalance_threshold: float = Field(50.0, ge=1, le=1_000_000)
    """Most frequent over least frequent label; above it the plan proposes mitigations."""
    train_fraction: float = Field(0.8, ge=0.001, le=0.999)
    """Share of the rows that is not held out for testing."""
    validation_fraction: float = Field(0.1, gt=0, lt=1)
    """Share of the training rows that every choice reads."""
    seed: int = Field(42, ge=0, le=2**32 - 1)
    """Seed of the split, the samples and the training; equal seeds and data lead to equal results."""
    mode: Mode = "fine-tune"
    """`benchmark` stops after the base models."""
    finalists: int = Field(2, ge=1, le=100)
    """Number of base models that are fine-tuned."""
    lora_ranks: tuple[Rank, ...] | None = Field(None, min_length=1, max_length=16)
    """Ranks of the adapter, powers of two; the plan refuses those that a model does not take, and names those that it
    does. With `learning_rates`: every combination is a cell of the tuning grid."""
    learning_rates: tuple[Rate, ...] | None = Field(None, min_length=1, max_length=16)
    """Left out together with `lora_ranks`: the grid that the model's catalogue entry publishes, else 8/1.5e-4,
    16/1.0e-4 and 32/5.0e-5."""
    epochs: Epochs | None = None
    """Passes over the training rows; left out: min(5, ceil(2500 / training rows))."""
    sweep_rows: int = Field(1000, ge=MIN_JOB_ROWS, le=MAX_JOB_ROWS)
    """The sweep trains on at most this many rows."""
    max_parallel_jobs: int = Field(6, ge=1, le=100)
    """Number of fine-tuning jobs that run at a time, over all models of the dataset."""
    full_data_run: bool = True
    """Trains each finalist on all rows; without it the sweep's best model is deployed as it is."""
    warm_start_from: _ModelName | None = None
    """A LoRA adapter of the account (`accounts/ACCOUNT/models/ID`, or its id) that fine-tuning continues in place of
    beginning at the base model: every candidate that is fine-tuned has to be its base model. Its rank stays."""
    mitigation: Mitigation = "none"
    """What to do about imbalance in the training rows: `rebalance`, `weight` or `drop-rare`; can still be chosen when
    approving. Validation and test rows are never touched."""
    wanted_precision: float = Field(0.9, gt=0, lt=1)
    """The report states the confidence from which the winner's answers are right this often; a person should decide the
    rows below it."""
    reject_label: _Label | None = None
    """The label that means that no other applies, e.g. `none`. The report then says how well each model tells such rows
    from the others, by this label and by a confidence threshold, and `predict` uses the better one. Not for rows of
    several labels, which have an empty list for none."""
    thresholds: ThresholdRule = DEFAULT_RULE
    """From which probability on a label is given, where rows have several and a model tells a probability for each
    (decisions, fine-tuned models of the embedded platform, baselines): a threshold for each label, drawn towards one
    for all where the label is rare (`per-label`), or one for all labels: the one with the best sets by the Jaccard
    index (`shared`), or the one with the best macro-F1 (`macro-f1`). All are chosen on the validation rows."""
    margin: float = Field(DEFAULT_MARGIN, gt=0, le=0.5)
    """The loss of accuracy that does not matter: 0.02 is two points. A model that is shown to lose less than that, if
    anything, is called at least as good."""
    group_field: _FieldName | None = None
    """The field of the rows that says which of them belong together, e.g. `ticket_id` or `customer.id`: all rows of one
    value are on one side of the split. Left out: the first of `group`, `group_id`, `conversation_id`, `thread_id`,
    `session_id` and `user_id` that a row has."""
    slices: tuple[_FieldName, ...] = Field((), max_length=20)
    """Fields by which the test rows are divided, to judge each part by itself: `language` (told by its script),
    `length`, `turns`, `source` (the file), or any field of the rows, e.g. `customer_tier` or `customer.tier`. The plan
    shows which slices have rows enough."""
    traffic: int = Field(1_000, ge=1, le=10_000_000)
    """Rows an hour that the winner will be asked, evenly: what 1,000 answers of a deployment cost is told at this many,
    since a deployment is paid by the hour."""
    free_rows: int = Field(50, ge=0, le=MAX_JOB_ROWS)
    """Number of test rows that are also sent without constrained decoding, since callers in production may not
    constrain."""
    null_control: bool = False
    """Sends the test rows to each base model twice: how often it disagrees with itself is the noise floor."""
    learning_curve: bool = False
    """Also trains each finalist on 25 % and 50 % of the training rows: would more labels help?"""
    inference: Inference | None = None
    """The way of inference in evaluations. Left out, for each base model: `serverless` where the platform offers it,
    else `batch` (one job for all rows, at half the price) where it offers that, else a `deployment` of its own that
    scales to zero. Fine-tuned models answer from deployments, or in batch jobs with `batch`; `free_rows` and
    `null_control` then have batch jobs of their own. `decision`: all models are asked for a probability for each label
    in place of a text (`/systemone`), serverless where they are offered so, else on deployments."""
    bad_rows: BadRows = "fail"
    """What to do with malformed lines: stop and name them, or `quarantine` them in rejected_rows.jsonl and go on."""
    deploy: DeployPolicy = "if-better"
    """`if-better` asks the gate; `always` deploys the winner if it is a fine-tuned model or an adapter; `never` deploys
    nothing."""
    gate: GatePolicy = GatePolicy()
    """What the gate asks of a fine-tuned model, e.g. `{rule: non-inferiority, label_loss: 0.05}`; what is left out
    keeps its default."""
    costs: MistakeCosts | None = None
    """What mistakes cost, true label -> given label -> cost, e.g. `{spam: {ham: 5}}`: 0 to 1,000 with at most two
    decimals. A mistake that is not named, and an answer that is no label, costs 1; a right answer nothing. With costs,
    finalists, winner, gate and confidence threshold go by the expected cost in place of accuracy; not for rows of
    several labels."""
    max_spend_usd: float | None = Field(None, ge=0, le=1_000_000_000)
    """A ceiling below the plan's high figure."""
    auto_approve_up_to_usd: float | None = Field(None, ge=0, le=1_000_000_000)
    """A plan whose high figure is at most this is approved without a person; the approval records that."""

    @model_validator(mode="before")
    @classmethod
    def _labels_without_map(cls, value: Any) -> Any:
        return without_map(value)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_values_are_no_words(cls, value: Any, info: ValidationInfo) -> Any:
        items = value if isinstance(value, list | tuple) else (value,)
        if cls.model_fields[str(info.field_name)].annotation is not bool and any(isinstance(i, bool) for i in items):
            raise ValueError("true or false is not expected here; a word such as yes, no, on or off has to be quoted")
        return value

    @field_validator("labels", mode="before")
    @classmethod
    def _labels_are_texts(cls, value: Any) -> Any:
        items = value if isinstance(value, list | tuple) else (value,)
        others = [item for item in items if isinstance(item, bool | int | float | date)]
        if others or (None in items and len(items) > 1):
            truth = any(isinstance(item, bool) for item in others)
            example = "'yes', 'no'" if truth else ", ".join(f"'{item}'" for item in others[:3]) or "'null'"
            raise ValueError(
                "an unquoted yes, no, on, off, true, false, null, number or date is no text to YAML: write labels in "
                f"quotes, e.g. labels: [{example}]"
            )
        return value

    @field_validator(
        *("models", "labels", "label_names", "label_flags", "lora_ranks", "learning_rates", "slices", "fields", "arms"),
        mode="before",
    )
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | int | float) and not isinstance(value, bool) else value

    @field_validator("models", "arms", mode="before")
    @classmethod
    def _between_commas(cls, value: Any) -> Any:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            return value
        return tuple(part for item in items for part in (item.split(",") if isinstance(item, str) else [item]))

    @field_validator("models", "labels", "label_names", "label_flags", "slices", "fields", "arms")
    @classmethod
    def _without_repeats(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None:
            return None
        items = tuple(item.strip() for item in value)
        if not all(items):
            raise ValueError("an entry is empty")
        repeated = [item for item, count in Counter(items).items() if count > 1]
        if repeated:
            raise ValueError(f"named twice: {', '.join(sorted(repeated)[:_MAX_NAMED])}")
        return items

    @field_validator("fields")
    @classmethod
    def _several_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [field_kind(item)[0] for item in value]
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"named twice: {', '.join(sorted(repeated)[:_MAX_NAMED])}")
        if ALL_FIELDS in names and len(names) > 1:
            raise ValueError(f"{ALL_FIELDS} stands for all fields, so no other can be named beside it")
        if len(names) == 1 and names[0] != ALL_FIELDS:
            raise ValueError(f"name two fields at least; for {names[0]} alone use `extraction: json_key:{names[0]}`")
        if value and field_kind(value[0])[1] == "text":
            raise ValueError(f"the first field is the label, so {names[0]} cannot be free text; name another one first")
        return value

    @field_validator("label_parents")
    @classmethod
    def _parents_are_of_labels(cls, value: LabelParents | None, info: ValidationInfo) -> LabelParents | None:
        labels = info.data.get("labels")
        if value is not None and labels:
            for fault in parent_faults(value, labels):
                raise fault
        return value

    @field_validator("arms")
    @classmethod
    def _arms_with_zero_shot(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        names = tuple(str(read_arm(text)) for text in value)
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"named twice: {', '.join(sorted(repeated))}")
        if "descriptions" in names and not info.data.get("label_descriptions"):
            raise ValueError(
                "the arm descriptions needs descriptions of labels: give labels as a map, label -> what it means, or "
                "label_descriptions"
            )
        # What is tuned starts at the model as it is.
        return (ZERO_SHOT, *(name for name in names if name != ZERO_SHOT))

    @field_validator("inference")
    @classmethod
    def _decisions_have_no_such_arms(cls, value: Inference | None, info: ValidationInfo) -> Inference | None:
        arms = {"decision", "descriptions", "two-stage"} & set(info.data.get("arms", ()))
        if value == "decision" and arms:
            named = " and ".join(sorted(arms))
            raise ValueError(
                f"decision asks every model for a decision, which says what labels mean: leave {named} out of arms, or "
                "leave inference out"
            )
        return value

    @field_validator("fields")
    @classmethod
    def _scope_is_of_one_label(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("out_of_scope") is not None:
            raise ValueError("out_of_scope is about texts that none of one label's values fits; leave it or fields out")
        return value

    @field_validator("costs")
    @classmethod
    def _costs_are_of_one_label(cls, value: MistakeCosts | None, info: ValidationInfo) -> MistakeCosts | None:
        if value is not None and info.data.get("fields"):
            raise ValueError("costs are those of one label given in place of another; leave costs or fields out")
        return value

    @field_validator("text_template")
    @classmethod
    def _is_template(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if info.data.get("text_column") is not None:
            raise ValueError("is given beside text_column; give one of them")
        try:
            columns = [name for _, name, _, _ in string.Formatter().parse(value) if name is not None]
        except ValueError as error:
            raise ValueError(
                f"is no template ({error}); write each column in braces, as {{subject}}: {{body}}"
            ) from None
        if not any(columns) or not all(columns):
            raise ValueError("names no column; write each in braces, as {subject}: {body}")
        return value

    @field_validator("lora_ranks")
    @classmethod
    def _ranks_are_powers_of_two(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        for rank in value or ():
            if rank & (rank - 1):
                raise ValueError(f"{rank} is not a power of two from 1 to {MAX_LORA_RANK}")
        return value

    @property
    def candidates(self) -> tuple[str, ...]:
        """What its models are called by, those at endpoints by their full names."""
        return (*self.models, *(f"{PREFIX}{name}" for name in self.endpoints or {}))

    def digested(self, without: Set[str] = frozenset()) -> dict[str, Any]:
        """The fields that digests are made of; those in `LATER_FIELDS` only where they are not the default."""
        defaults = {name for name in LATER_FIELDS if getattr(self, name) == type(self).model_fields[name].default}
        return self.model_dump(mode="json", exclude={*without, *defaults})


def field_kind(text: str) -> tuple[str, str | None]:
    """The name of a field as the session's `fields` give it, and the kind that is forced (`label`, `text`), if any."""
    name, colon, kind = text.rpartition(":")
    return (name.strip(), kind) if colon and name.strip() and kind in FIELD_KINDS else (text, None)
