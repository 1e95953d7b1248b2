"""One question to a chat endpoint: ask, read, and once more with the error when the reply is no answer."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adjudge.domain.rubric import Criterion
from adjudge.domain.sample import Message
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, Endpoint, EndpointFailure
from adjudge.judges.defences import neutralised
from adjudge.judges.reply import Reply, ReplyAnswer, ReplyFailure, read_reply

_REPLY_CHARS: Final = 4000
"""Most of a bad reply that is shown to the judge again."""


Read = Callable[[str], Reply | ReplyFailure]
"""What a judge wrote -> the answers, or why not; the why is told to the judge."""


class Asked(NamedTuple):
    """What a question came to: the reply, complete, and the completion it was read from; or a failure."""

    reply: Reply | None = None
    completion: Completion | None = None
    failure: tuple[FailureKind, str] | None = None
    usage: Usage = Usage()
    raw: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[ReplyAnswer, ...]:
        """One a criterion; none where there is a failure."""
        return self.reply.answers if self.reply is not None else ()

    @property
    def repaired(self) -> bool:
        """The reply's syntax had to be mended."""
        return self.reply is not None and self.reply.repaired


def answers_to(criteria: Sequence[Criterion], judged: Sequence[str]) -> Read:
    """Reads the answers to `criteria`, each once; an answer that stands in a `judged` text is an echo."""
    return lambda text: read_reply(text, criteria, judged)


async def ask(
    endpoint: Endpoint, request: ChatRequest, read: Read, deadline_seconds: float, *, is_shared: bool = True
) -> Asked:
    """The answers that `read` finds, or why there are none.

    Args:
        endpoint: who is asked.
        request: the call; its messages are the conversation so far.
        read: reads a reply that is complete.
        deadline_seconds: of both calls together; the second is made while there is time left.
        is_shared: False gives the second call a deadline of its own: where calls queue up for an endpoint, the time in
            the queue is no reason not to ask again.
    """
    clock = asyncio.get_running_loop().time
    ends, left = clock() + deadline_seconds, deadline_seconds
    usage, raw = Usage(), list[str]()
    current, failure = request, ReplyFailure(FailureKind.EMPTY, "not asked")
    for _ in range(2):
        completion = await endpoint.complete(current, left)
        usage += completion.usage
        if isinstance(completion, EndpointFailure):
            return Asked(failure=(completion.kind, completion.detail), usage=usage, raw=tuple(raw))
        raw.append(completion.text)
        if completion.stop == "refusal":
            detail = f"declined: {completion.text:.200}"
            return Asked(failure=(FailureKind.REFUSAL, detail), usage=usage, raw=tuple(raw))
        if completion.stop == "length":
            # A cut reply is never read, however complete it looks: what was cut may have taken it back.
            reply: Reply | ReplyFailure = ReplyFailure(FailureKind.TRUNCATED, "the reply was cut: be brief")
        else:
            reply = read(completion.text)
        if isinstance(reply, Reply):
            return Asked(reply, completion, usage=usage, raw=tuple(raw))
        failure = reply
        left = ends - clock() if is_shared else deadline_seconds
        # Told what it got wrong at the canary, a judge would know the answer that it is tested by.
        if left <= 0 or failure.kind is FailureKind.CANARY:
            break
        current = request.model_copy(update={"messages": _with_error(request.messages, completion.text, failure)})
    return Asked(failure=(failure.kind, failure.detail), usage=usage, raw=tuple(raw))


def shown_forms(texts: Sequence[str]) -> tuple[str, ...]:
    """Each text as it is and as a judge sees it, once."""
    return tuple(dict.fromkeys(form for text in texts for form in (text, neutralised(text))))


def _with_error(messages: tuple[Message, ...], reply: str, failure: ReplyFailure) -> tuple[Message, ...]:
    complaint = (
        f"That is not a usable answer: {neutralised(failure.detail)}. Give the whole JSON object again, nothing else."
    )
    return (
        *messages,
        Message(role="assistant", content=neutralised(reply[:_REPLY_CHARS]) or "(nothing)"),
        Message(role="user", content=complaint),
    )
