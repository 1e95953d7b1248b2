"""Handing a request over to the worker that holds its group."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from aiohttp import web

from adjudge.serving.http.refused import RefusedError
from adjudge.serving.http.siblings import Siblings


async def answer(request: web.Request) -> web.Response:
    """What it was asked, back."""
    return web.Response(body=await request.read())


async def listening(path: Path) -> web.AppRunner:
    """A worker's socket."""
    app = web.Application()
    app.router.add_post("/compare", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    return runner


async def test_a_worker_that_is_still_starting_is_waited_for():
    """The first requests of a group may come before the other worker listens: they are handed over, not refused."""
    with tempfile.TemporaryDirectory() as name:
        siblings = Siblings(index=0, workers=2, folder=Path(name))
        asked = asyncio.create_task(siblings.hand_over(1, "/compare", {}, b"body"))
        await asyncio.sleep(0.3)
        runner = await listening(siblings.socket_path(1))
        try:
            status, _, body = await asked
        finally:
            await siblings.aclose()
            await runner.cleanup()
    assert (status, body) == (200, b"body")


async def test_a_worker_that_does_not_come_is_told():
    """After the patience the request is refused with the time to come again; nothing hangs."""
    with tempfile.TemporaryDirectory() as name:
        siblings = Siblings(index=0, workers=2, folder=Path(name), patience_seconds=0.2)
        with pytest.raises(RefusedError, match="does not answer"):
            await siblings.hand_over(1, "/compare", {}, b"body")
        await siblings.aclose()
