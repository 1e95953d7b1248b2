"""adjudge: reinforcement fine-tuning of language models with a language model as the judge."""

from collections.abc import Coroutine
from typing import Any, TypeVar

__version__ = "0.1.0"

T = TypeVar("T")


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, for callers that are not async: the one synchronous door.

    Works where a loop is running already, as in a notebook: the coroutine then has a loop and a thread of its own. What
    should outlive the call (an open connection) belongs into `adjudge.serving.loop.LoopThread`.
    """
    import asyncio  # noqa: PLC0415  (keeps `--help` fast)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
