"""A replay: everything that recorded verdicts and labels say, without a task, an endpoint or a key."""

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from adjudge.domain.base import Count, Frozen
from adjudge.errors import ConfigError
from adjudge.validation.check import Check, Material
from adjudge.validation.gold import Gold, GoldRow, gold_of, told_gold
from adjudge.validation.passport import Passport
from adjudge.validation.published import Agreement, People, agreement_of_people, agreement_with_people
from adjudge.validation.statistics.bootstrap import Draws
from adjudge.validation.table import OK, VerdictTable, table_of
from adjudge.validation.trees import JudgeOnLeaves, Tree, judges_on_leaves, recomputed
from adjudge.wire.recorded.base import Recorded

CHECKED: Final = 8
"""Most judges whose checks are told."""

Checks = Callable[[Material], tuple[Check, ...]]


class RecordedJudge(Frozen):
    """A judge in the table."""

    judge: str
    name: str
    rows: Count
    without_verdict: dict[str, int]
    """Rows that are not ``ok``, by status."""
    unplaced: Count
    """Of these, failures that do not say about which item and criterion: no figure can count them."""
    checks: tuple[Check, ...] = ()
    """What a passport would say."""

    def sentence(self) -> str:
        """The passport of these checks in one sentence."""
        return Passport(judge=self.name, fingerprint=self.judge, checks=self.checks).sentence()


class Replay(Frozen):
    """What recorded verdicts say."""

    source: str
    verdicts: Count
    labels: Count
    judges: tuple[RecordedJudge, ...]
    agreement: tuple[Agreement, ...]
    people: tuple[People, ...]
    trees: tuple[Tree, ...] = ()
    published: tuple[JudgeOnLeaves, ...] = ()
    notes: tuple[str, ...] = ()


def replay(
    table: VerdictTable,
    gold: Gold,
    *,
    source: str,
    recorded: Recorded | None = None,
    judges: Sequence[str] = (),
    checks: Checks | None = None,
    seed: int = 0,
    resamples: int = 2000,
) -> Replay:
    """Every figure that these rows can give.

    Args:
        table: verdicts of one or several judges.
        gold: people's labels; where there are none, those that the rows themselves bring count.
        source: where the rows are from.
        recorded: the set that they were read from, for its trees, published tables and notes.
        judges: names, fingerprints or patterns (``GPT-4/*``) of those to tell about; none takes all.
        checks: what a judge must show, each judge beside all in `table`; None makes none, and neither do more than
            eight judges: each check costs seconds, and nobody reads a thousand of them.
        seed: of every bootstrap.
        resamples: bootstrap draws behind an interval.

    Raises:
        ConfigError: no judge is called as `judges` says.
    """
    labels = gold if len(gold) else told_gold(table)
    mine = only(table, judges)
    notes = recorded.notes if recorded else ()
    if checks and len(mine.judge.present()) > CHECKED:
        checks = None
        notes = (*notes, f"Checks are told of up to {CHECKED} judges at a time: name some with --judge.")
    return Replay(
        source=source,
        verdicts=len(mine),
        labels=len(labels),
        judges=tuple(
            _judge(Material(mine.of(judge=judge), table, labels, seed, resamples), judge, checks)
            for judge in mine.judge.present()
        ),
        agreement=agreement_with_people(mine, labels),
        people=agreement_of_people(labels, Draws(seed, resamples)),
        trees=recomputed(recorded.trees or {}) if recorded else (),
        published=judges_on_leaves(recorded.published, recorded.trees or {}) if recorded else (),
        notes=notes,
    )


def rows_of(recorded: Recorded, source: str) -> tuple[VerdictTable, Gold]:
    """A recorded set's verdicts and labels in columns.

    Raises:
        DataError: a verdict is not a row of the table.
    """
    return table_of(recorded.verdicts, source), gold_of([GoldRow.model_validate(row) for row in recorded.gold])


def only(table: VerdictTable, names: Sequence[str]) -> VerdictTable:
    """The rows of these judges.

    Args:
        table: verdicts.
        names: names or fingerprints, whole or as patterns (``GPT-4/*``); none takes all.

    Raises:
        ConfigError: no judge is called so.
    """
    if not names:
        return table
    called = {judge: (judge, *table.of(judge=judge).judge_name.present()) for judge in table.judge.present()}
    wanted: set[str] = set()
    for name in names:
        fitting = {judge for judge, its in called.items() if any(fnmatchcase(one, name) for one in its)}
        if not fitting:
            known = [its[-1] for its in called.values()]
            near = get_close_matches(name, known, 3, cutoff=0.3) or known[:3]
            raise ConfigError(
                f"No judge in these verdicts is called '{name}'.",
                f"There are {len(known)}{', such as ' if near else ''}{', '.join(near)}.",
                "Give --judge one of the names, or a pattern such as 'GPT-4/*'.",
            )
        wanted |= fitting
    return table.where(table.judge.any_of(*wanted))


def _judge(material: Material, judge: str, checks: Checks | None) -> RecordedJudge:
    rows = material.table
    statuses = Counter(status or "" for status in rows.status.texts())
    without = {status: count for status, count in sorted(statuses.items()) if status != OK}
    unplaced = rows.failed & ~(rows.item.known & rows.criterion.known)
    return RecordedJudge(
        judge=judge,
        name=next(iter(rows.judge_name.present()), judge),
        rows=len(rows),
        without_verdict=without,
        unplaced=int(unplaced.sum()),
        checks=checks(material) if checks else (),
    )
