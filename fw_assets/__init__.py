"""fw-assets: benchmark, fine-tune, compare and deploy label predictors as a Dagster asset pipeline."""
