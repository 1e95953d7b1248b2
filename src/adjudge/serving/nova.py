"""The reward as an AWS Lambda function for Amazon Nova RFT: ``handler(event, context) -> results``.

The trainer takes numbers only, so that a sample without a reward cannot be masked here. What it gets instead is
declared: a neutral value, always marked by the metric ``adjudge_fallback``, or an error for the whole invocation.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, Protocol, runtime_checkable

from pydantic import Field

from adjudge.domain import RewardFunction
from adjudge.domain.base import Frozen, Number, Score
from adjudge.errors import RewardError
from adjudge.rewards.failure import Neutral
from adjudge.serving.batch import Outcome, score_until
from adjudge.serving.loop import LoopThread
from adjudge.wire.nova_result import Answer, NovaResult, Rank, Scored, nova_answer, nova_result
from adjudge.wire.nova_rft import EventRow, read_event

OpenReward = Callable[[], AbstractAsyncContextManager[RewardFunction]]
"""Opens the judge's connections and gives the reward, for as long as the block lasts."""

_ID_CHARS: Final = 200
"""Most of an id in a log line."""

_PROBLEM_CHARS: Final = 300

_RECENT: Final = 200
"""Samples over which the share of those without a reward is told."""

_FEW: Final = 20
"""Fewer samples show no share: a trainer may send them one by one."""


class NovaSettings(Frozen):
    """How the function answers."""

    unscored: Literal["raise"] | Neutral = Neutral(neutral=0.5)
    """What a sample without a reward gets: ``{neutral: 0.5}``, marked, or ``raise``, an error for the invocation."""
    most_unscored: Score = 0.5
    """Largest share of samples without a reward, of the last ones and of this invocation; a larger one is an error: the
    trainer shall try again, and then stop, and not learn from neutral values. 1: never an error."""
    concurrency: int = Field(default=256, ge=1)
    """Most samples at once; the judge's own limits are the task's."""
    reserve_seconds: Number = Field(default=1.5, gt=0.0)
    """Kept free before the function's time is up, for the answer; never more than a quarter of the time."""
    most_seconds: Number | None = Field(default=None, gt=0.0)
    """Longest invocation, where the caller is less patient than the function; None: the function's own time."""
    most_bytes: int = Field(default=6_000_000, ge=1_000)
    """Largest answer; Lambda's limit is 6 MiB."""
    envelope: bool = False
    """Answer ``{statusCode, headers, body}``, for open-weight models under RLVR."""
    reopen_after: int = Field(default=20_000, ge=1)
    """Samples after which the judge is opened anew: what its journal holds in memory and on disk stays bounded."""


@runtime_checkable
class Context(Protocol):
    """What we read of Lambda's context. Locally it may be ``{}`` or None: then there is no deadline."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        ...


class NovaHandler:
    """A Lambda handler. One event loop and the judge's connections are kept from one invocation to the next.

    Args:
        open_reward: the reward, opened in the handler's own loop at once.
        settings: how it answers.
        log: gets one JSON text a sample; None writes lines to stdout, which Lambda sends to CloudWatch.

    Raises:
        AdjudgeError: the reward cannot be opened.
    """

    def __init__(
        self, open_reward: OpenReward, settings: NovaSettings | None = None, *, log: Callable[[str], None] | None = None
    ) -> None:
        self._open_reward = open_reward
        self._settings = settings or NovaSettings()
        self._log = log or _to_stdout
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._open()

    def __call__(self, event: object, context: object = None) -> Answer:
        """One result a row, in the order of the event.

        Raises:
            DataError: the event is no list, or the answer cannot be made small enough.
            RewardError: a sample has no reward, and ``unscored`` is ``raise``; or too many have none. All others were
                scored by then: their replies are in the journal, so that the trainer's retry asks for the missing ones.
        """
        start = time.monotonic()
        rows = read_event(event)
        if self._is_stuck or self._served > self._settings.reopen_after:
            # A loop that is stuck is left to itself, with its judge.
            self._close(seconds=0.0 if self._is_stuck else 5.0)
            self._open()
        self._served += len(rows)
        found = self._scores(rows, start, self._left(context))
        end = time.monotonic()
        scored = [_scored(row, found.get(row.place), start, end) for row in rows]
        unscored = self._settings.unscored
        results = [nova_result(one, unscored.neutral if isinstance(unscored, Neutral) else 0.0) for one in scored]
        for one, result in zip(scored, results, strict=True):
            self._log(_line(one, result, getattr(context, "aws_request_id", None)))
        if unscored == "raise" or self._too_many(scored):
            _raise_for(scored)
        return nova_answer(results, most_bytes=self._settings.most_bytes, envelope=self._settings.envelope)

    def close(self) -> None:
        """Close the judge's connections and the loop."""
        self._close(seconds=5.0)

    def _close(self, *, seconds: float) -> None:
        self._loop.close(self._opened.__aexit__(None, None, None), seconds=seconds)

    def _open(self) -> None:
        self._loop = LoopThread()
        self._served, self._is_stuck = 0, False
        self._opened = self._open_reward()
        try:
            self._reward = self._loop.start(self._opened.__aenter__()).result()
        except BaseException:
            self._loop.close()
            raise

    def _scores(self, rows: Sequence[EventRow], start: float, left: float | None) -> dict[int, Outcome]:
        """What is there in time, by place. A component that holds up the loop cannot hold up the answer."""
        found: dict[int, Outcome] = {}
        reserve = min(self._settings.reserve_seconds, left / 4) if left is not None else 0.0
        seconds = max(0.0, left - reserve - (time.monotonic() - start)) if left is not None else None
        work = score_until(
            self._reward,
            [(row.place, row.case.sample, row.case.rollout) for row in rows if row.case is not None],
            found,
            seconds=seconds,
            concurrency=self._settings.concurrency,
            grace_seconds=reserve / 5,
        )
        running = self._loop.start(work)
        try:
            running.result(timeout=None if seconds is None else seconds + reserve / 2)
        except TimeoutError:
            # The next invocation opens new ones: there is no time for it now.
            self._is_stuck = True
        return dict(found)

    def _too_many(self, scored: Sequence[Scored]) -> bool:
        """Whether too many samples have no reward. Rows that cannot be read are the data's matter and do not count."""
        now = [not one.is_evidence for one in scored if one.row.case is not None]
        self._recent.extend(now)
        most = self._settings.most_unscored
        # Of this invocation too: a retry that is scored must not fail for what was before it.
        return len(self._recent) >= _FEW and sum(self._recent) > most * len(self._recent) and sum(now) > most * len(now)

    def _left(self, context: object) -> float | None:
        """Seconds until the answer must be there; None where nobody says."""
        most = self._settings.most_seconds
        if not isinstance(context, Context):
            return most
        left = context.get_remaining_time_in_millis() / 1000
        return left if most is None else min(left, most)


def _scored(row: EventRow, outcome: Outcome | None, start: float, end: float) -> Scored:
    if row.case is None:
        return Scored(row, None, 0.0, row.problem)
    if outcome is None:
        return Scored(row, None, (end - start) * 1000, "the time was up", is_late=True)
    return Scored(row, outcome.reward, (outcome.at - start) * 1000, outcome.problem)


def _raise_for(scored: Sequence[Scored]) -> None:
    lost = [one for one in scored if not one.is_evidence]
    if not lost:
        return
    counts = {status: sum(one.status == status for one in lost) for status in sorted({one.status for one in lost})}
    raise RewardError(
        f"{len(lost)} of {len(scored)} samples have no reward ({json.dumps(counts)}).",
        f"The first is '{str(lost[0].row.id)[:_ID_CHARS]}': {_why(lost[0]) or lost[0].status}",
        "Mend the judge; a few failures may have a neutral value (reward.on_failure: {neutral: 0.5}).",
    )


def _why(scored: Scored) -> str:
    """What was wrong, in a sentence; empty where nothing was."""
    if scored.problem or scored.reward is None:
        return scored.problem[:_PROBLEM_CHARS]
    failed = [part for part in scored.reward.components if part.status.value == "failed"]
    return f"{failed[0].name}: {failed[0].detail}"[:_PROBLEM_CHARS] if failed else ""


def _line(scored: Scored, result: NovaResult, request: object) -> str:
    """One log line: flat enough for CloudWatch Logs Insights, escaped so that no text can begin a line of its own."""
    told: dict[str, Any] = {
        "id": result.id[:_ID_CHARS] if isinstance(result.id, str) else result.id,
        "aggregate_reward_score": result.score,
        "status": scored.status,
        "dimensions": {m.name: m.value for m in result.metrics if m.rank in {Rank.COMPONENT, Rank.CRITERION}},
        "ms": round(scored.milliseconds, 1),
        "cost_usd": scored.reward.usage.cost_usd if scored.reward is not None else None,
        "judge_calls": scored.reward.usage.calls if scored.reward is not None else 0,
    }
    judged = [part.judgement for part in (scored.reward.components if scored.reward is not None else ())]
    told["judges"] = sorted({judgement.judge for judgement in judged if judgement is not None})
    if why := _why(scored):
        told["problem"] = why
    if isinstance(request, str):
        told["request_id"] = request
    return json.dumps(told, allow_nan=False)


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
