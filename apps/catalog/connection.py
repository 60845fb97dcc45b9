"""How every contender connects to the workload's PostgreSQL: one place, so that none has it easier."""

from __future__ import annotations

import os
from typing import Any

DEFAULT_POOL_SIZE = 16
POOL_WAIT_S = 10.0


def connection_options(schema: str) -> dict[str, str]:
    """libpq options: the schema the harness made, where there is one."""
    return {"options": f"-c search_path={schema}"} if schema else {}


def pool_options() -> dict[str, Any]:
    """psycopg's pool, open in full from the start, so that no round pays for opening connections."""
    size = int(os.environ.get("CROSSOVER_POOL_SIZE", DEFAULT_POOL_SIZE))
    return {"min_size": size, "max_size": size, "timeout": POOL_WAIT_S}
