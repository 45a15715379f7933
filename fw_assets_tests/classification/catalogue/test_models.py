from __future__ import annotations

from fw_assets.classification.catalogue.models import CatalogueModel


def test_entries_of_the_catalogue_have_the_terms_that_they_had() -> None:
    base = CatalogueModel(name="accounts/fireworks/models/qwen3-8b", tunable=True)
    assert not {"base_model", "rank", "deployment", "endpoint", "listed"} & set(base.terms(tuning=True))
    adapter = CatalogueModel(name="accounts/me/models/mine", kind="HF_PEFT_ADDON", base_model=base.name, rank=8)
    assert adapter.terms(tuning=True)["base_model"] == base.name
    assert base.terms(tuning=True) == base.model_copy(update={"description": "another"}).terms(tuning=True)
