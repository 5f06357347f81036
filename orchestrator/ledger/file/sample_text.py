"""A sample's text as SQL: its own, or that of the sample of its problem that had the same text first."""


def text_sql(sample: str, table: str = "sample") -> str:
    """The text of a row of `table`, by the name that the query has for it."""
    return (
        f"CASE WHEN {sample}.text_of IS NULL THEN {sample}.text "
        f"ELSE (SELECT kept.text FROM {table} AS kept WHERE kept.id = {sample}.text_of) END"
    )
