"""A login_code served within its address's turn and limits, at whichever door it is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from menjin.errors import LoginCodeInvalid, LoginCodeUsed, MenjinError
from menjin.limits.addresses import Address
from menjin.limits.flow import Attempt, Limits


@asynccontextmanager
async def counted(limits: Limits, address: Address | None) -> AsyncIterator[Attempt]:
    """Serve a login_code; only a bad one counts against its address.

    Raises:
        TooManyAttempts: The address tries too often, or its turn did not come.
        StoreUnavailable: The counters cannot be asked.
    """
    attempt = await limits.begin_sign_in(address)
    try:
        yield attempt
    except (LoginCodeInvalid, LoginCodeUsed):
        raise
    except MenjinError:
        await limits.take_back(attempt)
        raise
    finally:
        limits.end(attempt)
    await limits.take_back(attempt)
