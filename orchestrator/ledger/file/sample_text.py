"""As SQL: a sample's text, its own or that of the sample of its problem that had the same text first; and whether a
file or a tape brought it."""

FROM_FILE = """({0}.cost_basis IN ('imported', 'computed', 'replayed') OR ({0}.cost_basis = 'none'
  AND {0}.request_id IS NULL AND {0}.agent_attempt_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM {1} AS brought WHERE brought.ref = {0}.request_ref)))"""
"""Of sample and merged_request, by the names that the query has for them: no request of any ledger brought it."""


def text_sql(sample: str, table: str = "sample") -> str:
    """The text of a row of `table`, by the name that the query has for it."""
    return (
        f"CASE WHEN {sample}.text_of IS NULL THEN {sample}.text "
        f"ELSE (SELECT kept.text FROM {table} AS kept WHERE kept.id = {sample}.text_of) END"
    )
