"""``release_thread()``: a view that is about to wait gives its thread back."""

from __future__ import annotations

from asgiref.sync import SyncToAsync, sync_to_async

from .lease import Lease


class ThreadInUse(RuntimeError):
    """The thread cannot be given back: something of this request still depends on it."""


def give_back_between_pulls() -> None:
    """Let a thread go that a file has just been read on: another can read on, and the client may be slow."""
    lease = _lease()
    if lease is not None and lease.parked is None and not lease.open_transactions() and not lease.cursors_made():
        lease.release()


def _lease() -> Lease | None:
    context = SyncToAsync.thread_sensitive_context.get(None)
    found = SyncToAsync.context_to_thread_executor.get(context) if context is not None else None
    return found if isinstance(found, Lease) and found.worker is not None else None


async def release_thread() -> bool:
    """Give this request's thread, and with it its database connections, to somebody else; the next hop leases again.

    Returns whether there was a thread to give back: not in a request that has not used one, not on another handler,
    and not below a sync function, whose thread it is (a sync-only middleware). Raises ThreadInUse while a transaction
    or a server-side cursor is open, or a sync function of this request still runs.
    """
    lease = _lease()
    if lease is None or lease.parked is not None:
        return False
    if lease.running or lease.jobs:
        raise ThreadInUse("A sync function of this request is still running: await it before release_thread()")
    held = lease.open_transactions()
    if held:
        raise ThreadInUse(f"A transaction is open on {', '.join(held)}: end it before release_thread()")
    if lease.cursors_made() and (held := await sync_to_async(lease.open_cursors)()):
        raise ThreadInUse(f"A server-side cursor is open on {', '.join(held)}: exhaust or close it first")
    return lease.release()
