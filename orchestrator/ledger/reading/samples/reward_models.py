"""Reward models among a ledger's models: they have requests and dollars, and no samples of their own."""

NO_SCORER = "(NOT json_valid(model.definition) OR json_extract(model.definition, '$.scorer') IS NULL)"
"""SQL: models that are sampled. What scoring cost is shown by `status` and the view `spend`."""
