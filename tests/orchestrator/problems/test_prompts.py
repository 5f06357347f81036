"""From a problem to what is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.problems import prompts, registry
from orchestrator.problems.types import Api, Problem, ProblemsSpec, PromptStyle
from providers.types import Message

PROBLEM = Problem(
    "p1", {"id": "p1", "question": "How many?", "answer": 3, "unit": "eggs", "tags": ["a", "ä"]}
)
SPEC = ProblemsSpec(source="jsonl")


def render(template, problem=PROBLEM, api: Api = "chat", system=None):
    return registry.render(SPEC, PromptStyle(template=template, system=system), api, problem)


def test_fields_are_put_in():
    assert render("Q: {question} ({unit}, {answer}) {tags}").messages == (
        Message("user", 'Q: How many? (eggs, 3) ["a", "ä"]'),
    )


def test_the_system_prompt_goes_before_the_users_message():
    assert render("{question}", system="Be brief {not a field}.").messages == (
        Message("system", "Be brief {not a field}."),
        Message("user", "How many?"),
    )


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_empty_system_prompt_is_not_sent(api):
    assert render("{question}", system="", api=api).messages == (Message("user", "How many?"),)


def test_the_completions_wire_gets_text():
    prompt = render("Q: {question}\nA:", api="completions")
    assert (prompt.text, prompt.messages) == ("Q: How many?\nA:", ())
    assert render("{question}", api="completions", system="Be brief.").text == "Be brief.\n\nHow many?"


def test_braces_are_written_twice():
    assert render("\\boxed{{{answer}}} {{question}} }}{{").messages[0].content == "\\boxed{3} {question} }{"


def test_values_are_never_read_as_templates():
    problem = Problem("p", {"question": "{answer} {{ {0.__class__} }", "answer": 1})
    assert render("{question}", problem).messages[0].content == "{answer} {{ {0.__class__} }"


@pytest.mark.parametrize(
    "template",
    ["{question.__class__}", "{question[0]}", "{question!r}", "{answer:>10}", "{}", "{0}", "{ question }", "{a-b}",
     "{question", "question}", "{question}}", "{{question}", "{\n}", "\\boxed{3"],
)  # fmt: skip
def test_a_template_is_text_and_never_code(template):
    with pytest.raises(InputError) as caught:
        render(template)
    assert caught.value.where == "prompt.template"
    assert "{{" in caught.value.remedy


def test_an_unknown_field_is_named_with_those_there_are():
    with pytest.raises(InputError) as caught:
        render("{questoin}")
    assert "'questoin'" in caught.value.message
    assert "'p1'" in caught.value.message
    assert caught.value.remedy == "it has answer, id, question, tags, unit"


def test_a_field_that_is_null_is_not_there():
    with pytest.raises(InputError, match="no field 'unit'"):
        render("{unit}", Problem("p", {"question": "q", "unit": None}))


def test_a_prompt_answers_to_question_too():
    problem = Problem("p", {"prompt": "As it is."})
    assert render(None, problem).messages[0].content == "As it is."
    assert render("{question} {prompt}", problem).messages[0].content == "As it is. As it is."


def test_messages_are_used_as_they_are():
    messages = [
        {"role": "system", "content": "{x}"},
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "3"},
    ]
    problem = Problem("p", {"messages": messages, "question": "unused"})
    for style in (PromptStyle(), PromptStyle(template="{question}", system="Other")):
        prompt = registry.render(SPEC, style, "chat", problem)
        assert [(message.role, message.content) for message in prompt.messages] == [
            (message["role"], message["content"]) for message in messages
        ]
    with pytest.raises(InputError, match="completions"):
        registry.render(SPEC, PromptStyle(), "completions", problem)


def test_an_empty_prompt_is_refused():
    with pytest.raises(InputError, match="empty"):
        render(" {blank}\n", Problem("p", {"question": "q", "blank": ""}))


def test_a_problem_that_lacks_a_field_is_named():
    with pytest.raises(InputError, match=r"'p9' has no field 'unit'"):
        registry.render(
            SPEC, PromptStyle(template="{question} {unit}"), "chat", Problem("p9", {"question": "q"})
        )


@given(st.text())
def test_any_text_with_doubled_braces_is_itself(text):
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert prompts.fill(escaped, PROBLEM) == text


@given(st.text(alphabet="{}abc._! \n"))
def test_a_template_parses_or_is_an_input_error(template):
    try:
        prompts.parse(template)
        line = ""
    except InputError as error:
        line = str(error)
    assert "\n" not in line
