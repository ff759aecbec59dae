"""What a Redis would lose, told at start."""

from __future__ import annotations

from menjin.adapters.redis.commands import Commands

_NOTHING_KEPT = (
    "this Redis keeps nothing on disk (appendonly no, save ''): a restart signs everybody out; set appendonly yes"
)
_SNAPSHOTS_ONLY = (
    "this Redis keeps snapshots only (appendonly no): a crash loses the sessions since the last one; set appendonly yes"
)
_EVICTS = "this Redis evicts keys when memory is short (maxmemory-policy {policy}): sessions vanish; set noeviction"


async def describe_losses(commands: Commands) -> list[str]:
    """Return a sentence for each way in which this Redis would lose sessions; none where CONFIG is not allowed.

    Raises:
        StoreUnavailable: Redis cannot be asked.
    """
    appends = await commands.read_config("appendonly")
    saves = await commands.read_config("save")
    policies = await commands.read_config("maxmemory-policy") or []
    found = []
    if appends is not None and saves is not None and "no" in appends:
        found.append(_NOTHING_KEPT if "" in saves else _SNAPSHOTS_ONLY)
    found += [_EVICTS.format(policy=policy) for policy in sorted({*policies} - {"noeviction", ""})]
    return found
