"""The prompt of a rubric judge: hostile texts go in once, fenced, and cannot speak our own language.

The wording lies in ``prompts/rubric.md``. Names in double braces are filled in a single pass, so text that is filled in
is never read for names again. What all calls of a rubric share comes first and the judged item last, which is what
providers' prompt caches need.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

import orjson

from adjudge.domain.base import digest
from adjudge.domain.rubric import Criterion, EvidenceRule, Rubric
from adjudge.domain.sample import Message
from adjudge.judges.canary import Canary, canary_lines, canary_of, with_canary
from adjudge.judges.defences import DEFENDED, NEUTRALISER, Defences, fenced, neutralised

__all__ = ["Form", "Prompt", "fenced", "neutralised", "prompt_fingerprint", "reply_schema", "rubric_form"]

_VERSION: Final = "rubric-2"
"""Goes into fingerprints: raise it when this file changes what a judge reads."""

_SHAPE: Final = '{"criteria": [{"id": "...", "reason": "...", "quote": "...", "answer": "..."}]}'
_ITEM_RULE: Final = (
    '- One entry in "items" for each item that is listed at the end, each once. The texts of an item have names that '
    "begin with its own. Judge it by itself, as if the others were not there, by the ids in its brackets.\n"
)

_SLOT: Final = re.compile(r"\{\{([a-z_]+)\}\}")
_PART: Final = re.compile(r"^<!-- ([a-z]+) -->\n", re.MULTILINE)
_ROLES: Final = ("system", "user")
_PARTS: Final = ("system", "code", "marks", "user", "restated")
_SLOTS: Final = frozenset(
    (
        *("task", "criteria", "edge_cases", "ids", "quote_rule", "documents", "item", "shape", "item_rule", "asked"),
        *("canary", "answers"),
    )
)


class Prompt(NamedTuple):
    """Messages to send, and what a reply is held against.

    Attributes:
        messages: system and user.
        judged: the texts by others in them: a verdict that stands in those is no verdict.
        form: what was asked.
    """

    messages: tuple[Message, ...]
    judged: tuple[str, ...]
    form: "Form"


def prompt_fingerprint(*, canary: bool = False, defences: Defences = DEFENDED) -> str:
    """Hash of the wording and of how texts are put into it."""
    how = {"version": _VERSION, "neutraliser": NEUTRALISER, "canary": canary, "defences": defences.model_dump()}
    return digest({**how, "text": _template()})


@dataclass(frozen=True)
class Form:
    """A prompt without the texts: our own words, which many calls share and which are put together once.

    Attributes:
        rubric: supplies task, edge cases and the headings of documents.
        criteria: those that a reply must answer: the ones wanted, and the canary's where there is one.
        asked: where several items are judged in one call: what a reply must answer of each, by the id of the item; the
            canary poses as an item of its own.
        canary: the question whose answer is known.
        schema: JSON schema of a reply.
        seed: goes into the nonces and the canary's code.
        defences: all on; benches and tests switch them off to measure what they do.
        fills: our words by their names in the wording.
        system: the system message.
        user: pieces of the user message; every second one is the name of what stands there.
    """

    rubric: Rubric
    criteria: tuple[Criterion, ...]
    asked: Mapping[str, Sequence[Criterion]] | None
    canary: Canary | None
    schema: dict[str, Any]
    seed: int
    defences: Defences
    fills: Mapping[str, str]
    system: Message
    user: tuple[str, ...]

    def prompt(self, documents: Mapping[str, str], item: Mapping[str, str]) -> Prompt:
        """The prompt about one item, or about several side by side.

        Args:
            documents: texts of the sample by field name, as they are.
            item: texts of the judged item by field name, as they are; names must be ours, not the policy's. Where
                several items are judged, names begin with the id of the item and an underscore.

        The fences' nonces are hashes of what they enclose, so that the same call has the same prompt after a restart
        (and is found in the journal), and a text cannot hold its own nonce.
        """
        defences = self.defences
        harmless = {text: neutralised(text) for text in (*documents.values(), *item.values())}
        judged = tuple(dict.fromkeys(form for pair in harmless.items() for form in pair))
        documents, item = (
            {name: harmless[text] if defences.neutralise else defences.clean(text) for name, text in texts.items()}
            for texts in (documents, item)
        )
        head = (_told(documents), self.rubric.fingerprint.encode(), self.seed)
        shared = digest(b'{"documents": %b, "rubric": "%b", "seed": %d}' % head, 12)
        own = digest(b'{"item": %b, "shared": "%b"}' % (_told(item), shared.encode()), 12)
        headings = self.rubric.fields
        texts = {
            "documents": "\n\n".join(
                f"{headings.get(name, name)}:\n{defences.fenced(name, text, shared)}"
                for name, text in documents.items()
            ),
            "item": "\n\n".join(defences.fenced(name, text, own) for name, text in item.items()),
        }
        if defences.single_pass:
            user = "".join(texts[piece] if place % 2 else piece for place, piece in enumerate(self.user))
            return Prompt((self.system, Message(role="user", content=user.strip())), judged, self)
        fills = {**self.fills, **texts}
        both = (Message(role=name, content=_filled_in_turn(_parts()[name], fills).strip()) for name in _ROLES)
        return Prompt(tuple(both), judged, self)


def rubric_form(
    rubric: Rubric,
    criteria: Sequence[Criterion],
    *,
    seed: int = 0,
    asked: Mapping[str, Sequence[Criterion]] | None = None,
    canary: bool = False,
    defences: Defences = DEFENDED,
) -> Form:
    """What all prompts that ask for `criteria` share.

    Args:
        rubric: supplies task, edge cases and the headings of documents.
        criteria: those to answer in one call; at least one.
        seed: goes into the nonces and the canary's code.
        asked: where several items are judged in one call: the criteria asked of each, by the id of the item.
        canary: ask one question more, about the instructions.
        defences: all on; benches and tests switch them off to measure what they do.
    """
    known = canary_of(rubric, seed) if canary else None
    wanted = with_canary(criteria, known)
    if known and asked is not None:
        asked = {**asked, known.item: (known.criterion,)}
    fills = {
        **_rules(rubric, criteria, known, asked),
        "marks": _parts()["marks"] if defences.fences else "",
        "restated": _restated(wanted) if defences.restate else "",
    }
    system = Message(role="system", content="".join(_pieces(_parts()["system"], fills)).strip())
    schema = reply_schema(wanted, asked)
    user = _pieces(_parts()["user"], fills)
    return Form(rubric, wanted, asked, known, schema, seed, defences, fills, system, user)


def _told(texts: Mapping[str, str]) -> bytes:
    """As `digest` would write them; over whole documents this is several times as fast."""
    told = [b"%b: %b" % (orjson.dumps(name), orjson.dumps(texts[name])) for name in sorted(texts)]
    return b"{%b}" % b", ".join(told)


def _rules(
    rubric: Rubric, criteria: Sequence[Criterion], known: Canary | None, asked: Mapping[str, Sequence[Criterion]] | None
) -> dict[str, str]:
    """What is filled in of our own words."""
    wanted = with_canary(criteria, known)
    told = [_criterion_lines(criterion, rubric) for criterion in criteria]
    return {
        "task": rubric.task,
        "code": _filled(_parts()["code"], {"canary": known.code}) if known else "",
        "criteria": "\n".join([*told, canary_lines(known)] if known else told),
        "edge_cases": "\nEdge cases:\n" + "".join(f"- {case}\n" for case in rubric.told) if rubric.told else "",
        "ids": _ids(wanted),
        "shape": _SHAPE if asked is None else f'{{"items": [{{"item": "...", {_SHAPE[1:-1]}}}]}}',
        "item_rule": "" if asked is None else _ITEM_RULE,
        "asked": _ids(wanted) if asked is None else "; ".join(f"{name} ({_ids(some)})" for name, some in asked.items()),
        "quote_rule": _quote_rule(criteria),
    }


def _restated(criteria: Sequence[Criterion]) -> str:
    answers = "\n".join(f"- {criterion.id}: {', '.join(criterion.scale.offered)}" for criterion in criteria)
    return _filled(_parts()["restated"], {"answers": answers})


def reply_schema(
    criteria: Sequence[Criterion], asked: Mapping[str, Sequence[Criterion]] | None = None
) -> dict[str, Any]:
    """JSON schema of a reply to `criteria`, in the subset that providers enforce; reasons come before answers.

    Args:
        criteria: those that were asked.
        asked: where several items are judged in one call: the criteria asked of each, by the id of the item.
    """
    if asked is None:
        return _object({"criteria": _answers_schema(criteria)})
    variants = [
        _object({"item": {"type": "string", "enum": [name]}, "criteria": _answers_schema(some)})
        for name, some in asked.items()
    ]
    return _object({"items": {"type": "array", "items": {"anyOf": variants}}})


def _answers_schema(criteria: Sequence[Criterion]) -> dict[str, Any]:
    variants = [
        _object(
            {
                "id": {"type": "string", "enum": [criterion.id]},
                "reason": {"type": "string"},
                "quote": {"type": "string"},
                "answer": {"type": "string", "enum": list(criterion.scale.offered)},
            }
        )
        for criterion in criteria
    ]
    return {"type": "array", "items": {"anyOf": variants}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _ids(criteria: Sequence[Criterion]) -> str:
    return ", ".join(criterion.id for criterion in criteria)


def _criterion_lines(criterion: Criterion, rubric: Rubric) -> str:
    lines = [f"- {criterion.id}: {criterion.question}"]
    if criterion.reads:
        lines.append(f"  Decide it from: {', '.join(criterion.reads)}.")
    lines.append(f"  Answers, worst first: {', '.join(criterion.scale.labels)}.")
    lines += [f"    {answer.label}: {answer.anchor}" for answer in criterion.scale.answers if answer.anchor]
    exempt = criterion.scale.not_applicable
    if exempt is not None:
        when = exempt.anchor or "the question does not apply here"
        lines.append(f"  Or '{exempt.label}', which counts neither way, only for this case: {when}")
    if criterion.evidence is not None:
        first = next(
            label
            for label in criterion.scale.labels
            if criterion.scale.score(label) >= criterion.evidence.required_from
        )
        source = _source_name(criterion.evidence, rubric)
        lines.append(f"  The answer '{first}' or better needs a quote from {source}.")
    return "\n".join(lines)


def _source_name(rule: EvidenceRule, rubric: Rubric) -> str:
    """What the judge sees of the texts that `rule` names; see `adjudge.judges.case.Case.sources`."""
    if rule.source == "target":
        shown = [name for name in rubric.fields if name != "reference"]
        return " or ".join(shown) or "the text that the work is about"
    return "reference" if rule.source == "reference" else "the judged part itself"


def _quote_rule(criteria: Sequence[Criterion]) -> str:
    if any(criterion.evidence for criterion in criteria):
        return (
            "where a quote is required: at least five words in a row, copied exactly from that text. It is searched "
            'for; an invented quote counts as the worst answer. Otherwise "".'
        )
    return 'leave it "".'


@cache
def _template() -> str:
    return (resources.files("adjudge.judges") / "prompts" / "rubric.md").read_text(encoding="utf-8")


@cache
def _parts() -> Mapping[str, str]:
    """The wording by part, checked once: a misspelt name must fail here and not in front of a judge."""
    before, *pieces = _PART.split(_template())
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    unknown = set(_SLOT.findall(_template())) - _SLOTS - set(_PARTS)
    if before.strip() or unknown or tuple(pieces[::2]) != _PARTS:
        msg = f"prompts/rubric.md: unknown names {sorted(unknown)}, or its parts are not {', '.join(_PARTS)}"
        raise ValueError(msg)
    return parts


def _filled(part: str, fills: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda match: fills[match[1]], part)


def _pieces(part: str, fills: Mapping[str, str]) -> tuple[str, ...]:
    """A part with what is known filled in: texts, and between two of them the name of what is not known yet."""
    text, *rest = _SLOT.split(part)
    pieces = [text]
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        if name in fills:
            pieces[-1] += fills[name] + after
        else:
            pieces += [name, after]
    return tuple(pieces)


def _filled_in_turn(part: str, fills: Mapping[str, str]) -> str:
    """What `_filled` is a defence against: what was filled in is read for names again."""
    for name in sorted(fills, key=lambda name: name != "item"):
        part = part.replace(f"{{{{{name}}}}}", fills[name])
    return part
