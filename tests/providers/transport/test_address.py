"""Where requests go: a path put after any base URL that a vendor documents."""

import pytest

from providers.transport.address import is_azure, public_url, under


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.example/v1", "https://api.example/v1/chat/completions"),
        ("https://api.deepseek.example", "https://api.deepseek.example/chat/completions"),
        ("https://g.example/v1beta/openai", "https://g.example/v1beta/openai/chat/completions"),
        ("https://z.example/api/paas/v4/", "https://z.example/api/paas/v4/chat/completions"),
        (
            "https://v.example/v1/p/a/endpoints/openapi",
            "https://v.example/v1/p/a/endpoints/openapi/chat/completions",
        ),
        (
            "https://n.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
            "https://n.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
        ("http://127.0.0.1:8000/?a=b&c", "http://127.0.0.1:8000/chat/completions?a=b&c"),
    ],
)
def test_a_wires_path_is_put_before_the_query(base_url, url):
    assert under(base_url, "chat/completions") == url
    assert "?" not in public_url(base_url)


def test_a_paths_own_query_comes_behind_the_base_urls():
    assert under("https://h/v1?x=1", "models?limit=2") == "https://h/v1/models?x=1&limit=2"
    assert under("https://h/v1?x=1", "/version") == "https://h/version"


def test_only_azures_hosts_are_azures():
    assert is_azure("https://n.openai.azure.com/openai/v1")
    assert not is_azure("https://azure.com.example/v1")
    assert not is_azure("http://127.0.0.1:8000/v1")
