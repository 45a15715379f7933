"""Abstention of a free model, from its stored predictions for the rows that it was scored on."""

from __future__ import annotations

from fw_assets.classification.metrics.confidence import model_confidence
from fw_assets.classification.metrics.expected_cost import COSTED_COLUMNS, row_costs
from fw_assets.classification.metrics.record_scores import whole_outcomes
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.answer_parser import FIELDS
from fw_assets.classification.scope.abstention import Abstention, model_abstention
from fw_assets.workspace.predictions import CONFIDENCE_COLUMNS, PARTS, prediction_batches
from fw_assets.workspace.scope_predictions import model_scope
from fw_assets.workspace.workspace import Workspace


def free_abstention(store: Workspace, plan: Plan, name: str) -> Abstention:
    """When the answers of a baseline of the plan are left to a person: by the rules for what is served.

    Raises:
        FileNotFoundError: it has no predictions.
    """
    session, labels, dataset = plan.session, plan.label_set, plan.dataset
    whole = bool(labels.fields)
    columns = (*CONFIDENCE_COLUMNS, FIELDS) if whole else CONFIDENCE_COLUMNS
    batches = [prediction_batches(store, dataset, name, "baseline", part, columns) for part in PARTS]
    validation, test = (whole_outcomes(rows) if whole else rows for rows in batches)
    costs = None
    if session.costs is not None:
        costed = [prediction_batches(store, dataset, name, "baseline", part, COSTED_COLUMNS) for part in PARTS]
        of_validation, of_test = (row_costs(rows, labels.labels, session.costs) for rows in costed)
        costs = (of_validation, of_test)
    trust = model_confidence(validation, test, session.wanted_precision, costs)
    figures = model_scope(store, dataset, name, "baseline", session, labels)
    return model_abstention(trust, figures.cutoff if figures is not None else None)
