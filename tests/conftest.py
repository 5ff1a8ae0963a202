"""What every test shares: a cache folder of the test run's own, and patience on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's cache of exported graphs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
