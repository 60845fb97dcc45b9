"""What the apps' tests share: static files, which a page needs to name its style sheets."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Hashed and collected as at the showcase's first start; nothing is done when nothing changed."""
    from project.static_files import collect

    collect()
