"""The page of what each kind accepts is what the tests' cases say."""

from docs.make_accepted import PAGE, written


def test_the_page_agrees_with_the_cases():
    assert PAGE.read_text("utf-8") == written(), "differs from the cases: python -m docs.make_accepted"


def test_every_kind_with_cases_is_on_it():
    text = written()
    for kind in ("numeric", "math", "choice", "code", "lean"):
        assert f"\n## `{kind}`\n" in text
    assert text.count("\n| ") > 50
