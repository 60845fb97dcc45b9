"""How every contender connects to the workload's PostgreSQL: one place, so that none has it easier."""

from __future__ import annotations

import os
from typing import Any

DEFAULT_POOL_SIZE = 16
POOL_WAIT_S = 10.0
PREPARE_THRESHOLD = 5  # psycopg's own default: prepare what is sent for the sixth time


def connection_options(schema: str) -> dict[str, Any]:
    """psycopg's options: the schema the harness made, and prepared statements for all alike.

    Django turns them off by default and psycopg alone has them on: left so, aiohttp would ask a third of the work of
    the database. On for all, a database on one CPU keeps ahead of every contender.
    """
    options: dict[str, Any] = {"prepare_threshold": PREPARE_THRESHOLD}
    return {**options, "options": f"-c search_path={schema}"} if schema else options


def pool_options() -> dict[str, Any]:
    """psycopg's pool, open in full from the start, so that no round pays for opening connections."""
    size = int(os.environ.get("CROSSOVER_POOL_SIZE", DEFAULT_POOL_SIZE))
    return {"min_size": size, "max_size": size, "timeout": POOL_WAIT_S}
