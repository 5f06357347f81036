"""A vendor on this machine, and the provider that asks it."""

import pytest

from providers.openai_compatible import openai_compatible
from tests.loopback.openai_wire import openai_vendor
from tests.providers.direct.asking import KEY


@pytest.fixture
async def vendor():
    async with openai_vendor(key=KEY) as made:
        yield made


@pytest.fixture
async def provider(vendor):
    made = openai_compatible(vendor.base_url, api_key=KEY, own_host=True)
    yield made
    await made.aclose()
