"""`manyfew prices` as people run it."""

import json

from tests.orchestrator.cli.terminal import on_terminal


def test_the_whole_book(command):
    ran = command("prices")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "claude-haiku-4-5" in ran.stdout
    assert "paper-2024" in ran.stdout
    assert "text-embedding" not in ran.stdout  # prices no text


def test_one_model_says_where_its_price_comes_from(command):
    ran = command("prices", "gpt-4o-2024-05-13", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads(ran.stdout)
    line = next(line for line in document["prices"] if line["provider"] == "openai")
    assert (line["match"], line["price_as"], line["name"]) == (
        "exact",
        "openai/gpt-4o-2024-05-13",
        "openai/gpt-4o-2024-05-13",
    )
    assert (line["input"], line["cached_input"], line["output"]) == (5.0, 5.0, 15.0)
    assert (line["source"], line["version"]) == ("genai-prices", document["genai_prices"])


def test_a_snapshot_is_exact_and_a_prefix_is_not(command):
    exact = json.loads(command("prices", "claude-haiku-4-5-20251001", "--json").stdout)["prices"]
    assert {line["match"] for line in exact} >= {"exact"}
    assert exact[0]["name"] == "anthropic/claude-haiku-4-5"
    prefix = command("prices", "claude-haiku-4-5-foo")
    assert prefix.returncode == 0
    assert "inexact: confirm it" in prefix.stdout
    assert 'price_as = "anthropic/claude-haiku-4-5"' in prefix.stdout


def test_bands_and_tiers_are_shown(command):
    ran = command("prices", "gpt-5.4")
    assert ">272k: 5" in ran.stdout
    assert "exact, flex" in ran.stdout
    assert "exact, batch" in ran.stdout
    lines = json.loads(command("prices", "gpt-5.4", "--json").stdout)["prices"]
    own = [line for line in lines if line["name"] == "openai/gpt-5.4"]
    assert [(line["service_tier"], line["batch"]) for line in own] == [
        ("", False),
        ("flex", False),
        ("priority", False),
        ("", True),
    ]
    assert [band["from_input_tokens"] for band in own[0]["bands"]] == [0, 272_001]


def test_nothing_like_it_is_exit_2_and_says_how_to_state_a_price(command):
    ran = command("prices", "zz-no-such-model")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "price = { input = …, output = … }" in ran.stderr
    ran = command("prices", "zz-no-such-model", "--json")
    assert ran.returncode == 2
    assert json.loads(ran.stdout)["status"] == "error"


def test_a_terminal_of_80_columns_has_room_for_names(tmp_path):
    status, shown = on_terminal("prices", "gpt-4o-mini", cwd=tmp_path, NO_COLOR="1")
    lines = shown.replace("\r", "").splitlines()
    assert status == 0
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:2] == ["gpt-4o-mini", "openai"] for line in lines)
    assert "Prices from genai-prices" in shown
