"""What the user asked for: one dataset, the candidate models, and every choice with its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.values import Frozen

Mode = Literal["fine-tune", "benchmark"]
Mitigation = Literal["none", "rebalance", "weight", "drop-rare"]
DeployPolicy = Literal["if-better", "always", "never"]
MITIGATIONS: tuple[Mitigation, ...] = get_args(Mitigation)
Inference = Literal["serverless", "batch", "deployment"]
BadRows = Literal["fail", "quarantine"]


class Session(Frozen):
    """One run of the workflow on one dataset. Field by field in docs/session.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    dataset: str | None = None
    """A JSONL file (also `.gz`, `.zst`), a folder of them, an fsspec URL of either, or `accounts/ACCOUNT/datasets/ID`
    on the platform."""
    eval_dataset: str | None = None
    """When given it is the test set, and nothing of `dataset` is held out for testing."""
    models: tuple[str, ...] = ()
    """Candidate base models; there is no default of "all"."""
    instruction: str | None = None
    """Plain English; explicit fields win over it."""
    labels: tuple[str, ...] | None = None
    """The label set; left out, it is inferred from the data and shown in the plan."""
    extraction: str | None = None
    """Forces a rule for finding labels, e.g. `json_key:intent`; left out, one is chosen from the data."""
    imbalance_threshold: float = Field(50.0, ge=1)
    """Most frequent over least frequent label; above it the plan proposes mitigations."""
    train_fraction: float = Field(0.8, gt=0, lt=1)
    """Share of the rows that is not held out for testing."""
    validation_fraction: float = Field(0.1, gt=0, lt=1)
    """Share of the training rows that every choice reads."""
    seed: int = Field(42, ge=0)
    """Seed of the split, the samples and the training; equal seeds and data give equal results."""
    mode: Mode = "fine-tune"
    """`benchmark` stops after the base models."""
    finalists: int = Field(2, ge=1)
    """How many base models go on to fine-tuning."""
    lora_ranks: tuple[int, ...] | None = None
    """Ranks of the adapter, powers of two up to 32. With `learning_rates`: every combination is a cell of the tuning
    grid."""
    learning_rates: tuple[float, ...] | None = None
    """Left out together with `lora_ranks`: the grid that the model's catalogue entry publishes, else 8/1.5e-4,
    16/1.0e-4 and 32/5.0e-5."""
    epochs: int | None = Field(None, ge=1)
    """Passes over the training rows; left out: min(5, ceil(2500 / training rows))."""
    sweep_rows: int = Field(1000, ge=3)
    """The sweep trains on at most this many rows."""
    max_parallel_jobs: int = Field(6, ge=1)
    """How many fine-tuning jobs of one model's sweep run at a time."""
    full_data_run: bool = True
    """Trains each finalist on all rows; without it the sweep's best model is deployed as it is."""
    mitigation: Mitigation = "none"
    """What to do about imbalance in the training rows: `rebalance`, `weight` or `drop-rare`; can still be chosen when
    approving. Validation and test rows are never touched."""
    wanted_precision: float = Field(0.9, gt=0, lt=1)
    """The report gives the confidence from which the winner's answers are right this often; below it, ask a person."""
    free_rows: int = Field(50, ge=0)
    """Test rows that are also asked without constrained decoding, since production callers may not constrain."""
    null_control: bool = False
    """Asks each base model for the test rows twice: how often it disagrees with itself is the noise floor."""
    learning_curve: bool = False
    """Also trains each finalist on 25 % and 50 % of the training rows: would more labels help?"""
    inference: Inference | None = None
    """How models are asked in evaluations. Left out, for each base model: `serverless` where the platform has it so,
    else `batch` (one job for all rows, at half the price) where it can, else a `deployment` of its own that scales to
    zero. `batch` also asks the fine-tuned models so, which otherwise answer from deployments; `free_rows` and
    `null_control` are then asked in batch jobs of their own."""
    bad_rows: BadRows = "fail"
    """What to do with malformed lines: stop and name them, or `quarantine` them in rejected_rows.jsonl and go on."""
    deploy: DeployPolicy = "if-better"
    """`if-better` asks the gate; `always` deploys the winner if it is a fine-tuned model; `never` deploys nothing."""
    max_spend_usd: float | None = Field(None, ge=0)
    """A ceiling below the plan's high figure."""
    auto_approve_up_to_usd: float | None = Field(None, ge=0)
    """A plan whose high figure is at most this approves itself, and says so."""

    @field_validator("models", "labels", "lora_ranks", "learning_rates", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | int | float) and not isinstance(value, bool) else value

    @field_validator("models", "labels")
    @classmethod
    def _no_repeats(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None:
            return None
        cleaned = tuple(item.strip() for item in value)
        if not all(cleaned):
            raise ValueError("an entry is empty")
        repeated = {item for item in cleaned if cleaned.count(item) > 1}
        if repeated:
            raise ValueError(f"named twice: {', '.join(sorted(repeated))}")
        return cleaned

    @field_validator("lora_ranks")
    @classmethod
    def _ranks(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        for rank in value or ():
            if rank not in (1, 2, 4, 8, 16, 32):
                raise ValueError(f"{rank} is not a power of two from 1 to 32")
        return value

    @field_validator("learning_rates")
    @classmethod
    def _rates(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        for rate in value or ():
            if not 0 < rate <= 1:
                raise ValueError(f"{rate} is not above 0 and at most 1")
        return value

    @model_validator(mode="after")
    def _labels_enough(self) -> Session:
        if self.labels is not None and len(self.labels) < 2:
            raise ValueError("labels: at least two are needed to tell apart")
        return self


def make_session(fields: dict[str, Any], *, file: str | None = None) -> Session:
    """A `Session` from plain fields (as YAML or the launchpad gives them).

    Raises:
        InputError: every field that is unknown or out of range, with what was expected.
    """
    try:
        return Session.model_validate(fields)
    except ValidationError as error:
        problems = []
        for item in error.errors(include_url=False):
            field = ".".join(str(part) for part in item["loc"]) or None
            message = item["msg"].removeprefix("Value error, ")
            if item["type"] == "extra_forbidden":
                message = f"is not a session field; the fields are {', '.join(Session.model_fields)}"
            elif item["type"] != "value_error":
                message = f"{message} (found {item['input']!r})"
            problems.append(Problem(kind="session", file=file, field=field, message=message))
        raise InputError(problems, advice="Correct the session and run again; nothing was started.") from None


def load_session(path: Path) -> dict[str, Any]:
    """The fields of a session YAML file; a relative dataset path is taken from the file's own folder.

    Raises:
        InputError: the file is missing, not YAML, or not a mapping.
    """
    import yaml

    try:
        fields = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            [Problem(kind="session", file=str(path), message=f"cannot be read: {error.strerror}")]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        reason = getattr(error, "problem", None) or "not UTF-8 text"
        raise InputError(
            [Problem(kind="session", file=str(path), line=line, message=f"is not YAML: {reason}")]
        ) from None
    if not isinstance(fields, dict):
        raise InputError(
            [
                Problem(
                    kind="session", file=str(path), message="expected `field: value` lines, e.g. `models: [char-ngram]`"
                )
            ]
        )
    for name in ("dataset", "eval_dataset"):
        value = fields.get(name)
        if isinstance(value, str) and not is_remote(value):
            fields[name] = str((path.parent / value).resolve()) if not Path(value).is_absolute() else value
    return fields


def is_remote(dataset: str) -> bool:
    """Whether a dataset reference names a platform dataset or a URL, not a local file."""
    return "://" in dataset or re.fullmatch(r"accounts/[^/]+/datasets/[^/]+", dataset) is not None


def without_query(reference: str) -> str:
    """A web address without its query, which may hold a signature; any other reference as it is."""
    return re.sub(r"[?#].*$", "", reference) if reference.startswith(("http://", "https://")) else reference


def dataset_name(reference: str) -> str:
    """The partition key of a dataset: the file's or resource's own name, as lower-case `a-z0-9-` (1-48 characters)."""
    reference = without_query(reference)
    stem = reference.rstrip("/").rsplit("/", 1)[-1]
    stem = re.sub(r"\.(jsonl|json)(\.(gz|zst))?$", "", stem, flags=re.IGNORECASE)
    if stem.lower() in {"train", "test", "data", "dataset"} and "/" in reference.rstrip("/"):
        stem = f"{reference.rstrip('/').rsplit('/', 2)[-2]}-{stem}"
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:48].strip("-")
    return slug or "dataset"
