"""Fields of stored values that decide what is due, read without building the whole value."""

from __future__ import annotations

import math

import msgspec


class StoredSession(msgspec.Struct):
    mode: str
    learning_curve: bool = False
    auto_approve_up_to_usd: float | None = None


class StoredModel(msgspec.Struct):
    slug: str


class StoredLine(msgspec.Struct):
    key: str


class StoredEstimate(msgspec.Struct):
    high: float = math.inf
    lower_bound: bool = True
    lines: list[StoredLine] = []


class StoredExamples(msgspec.Struct):
    digest: str


class StoredPlan(msgspec.Struct):
    session: StoredSession
    models: list[StoredModel]
    estimate: StoredEstimate = msgspec.field(default_factory=StoredEstimate)
    unused: list[str] = msgspec.field(default_factory=list)
    examples: StoredExamples | None = None
    shortlists: StoredExamples | None = None


class StoredBaseline(msgspec.Struct):
    name: str


class StoredBaselines(msgspec.Struct):
    found: list[StoredBaseline] = []


class StoredFinalists(msgspec.Struct):
    slugs: list[str]
