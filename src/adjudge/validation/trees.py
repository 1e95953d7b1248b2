"""Weighted rubric trees with people's verdicts, and what can be recomputed of published figures about judges on them.

A node's score is the mean of its children's, weighted (Starace et al. 2025, arXiv 2504.01848). Judges' own verdicts are
not published there, but their accuracy and their mean recall are; with the number of leaves that people called met and
not met, these two give the table of confusion back, and with it F1.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from adjudge.domain.base import Count, Frozen, Score
from adjudge.wire.recorded.base import Node, PublishedScores
from adjudge.wire.recorded.paperbench import RANDOM, leaves

OVERALL: Final = "Overall"

WHOLE: Final = 1e-6
"""How near to a whole number a recovered count must be; tables give 16 digits."""


NEAR: Final = 1e-9
"""Scores nearer than this are the same: sums of floats depend on their order."""


class Tree(Frozen):
    """One tree."""

    name: str
    nodes: Count
    leaves: Count
    met: Count
    """Leaves that people called met."""
    recorded: Score
    """Root, as recorded."""
    root: Score
    """Root, from the leaves."""
    off: Count
    """Nodes whose recorded score is another than that from the leaves."""


class Confusion(Frozen):
    """Leaves by people's verdict and the judge's."""

    met_as_met: Count
    met_as_not: Count
    not_as_met: Count
    not_as_not: Count

    @property
    def f1(self) -> float:
        """F1, mean over both classes; of a class that neither has, 0."""
        wrong = self.met_as_not + self.not_as_met
        halves = [
            2 * right / (2 * right + wrong) if right + wrong else 0.0 for right in (self.met_as_met, self.not_as_not)
        ]
        return sum(halves) / 2


class JudgeOnLeaves(Frozen):
    """What is known of a judge on the leaves of all trees; F1 is the mean over both classes."""

    judge: str
    category: str
    leaves: Count
    published: Score
    """F1 in the authors' table."""
    f1: Score | None
    """F1 recomputed; None where their table does not tell enough."""
    confusion: Confusion | None
    """Recovered from accuracy, recall and the trees; None for the coin."""


def score_of(node: Node) -> float:
    """The score of a node from its leaves: each node the weighted mean of its children."""
    if not node.children:
        return node.score
    return sum(child.weight * score_of(child) for child in node.children) / sum(child.weight for child in node.children)


def recomputed(trees: Mapping[str, Node]) -> tuple[Tree, ...]:
    """Each tree's root from its leaves, beside the recorded one."""
    found = []
    for name, root in trees.items():
        nodes, ends = _nodes(root), leaves(root)
        found.append(
            Tree(
                name=name,
                nodes=len(nodes),
                leaves=len(ends),
                met=_met(ends),
                recorded=root.score,
                root=score_of(root),
                off=sum(abs(score_of(node) - node.score) > NEAR for node in nodes),
            )
        )
    return tuple(found)


def judges_on_leaves(published: Sequence[PublishedScores], trees: Mapping[str, Node]) -> tuple[JudgeOnLeaves, ...]:
    """F1 of each published line, recomputed where accuracy and recall allow it, or where the judge is a coin."""
    ends = [leaf for root in trees.values() for leaf in leaves(root)]
    found = []
    for line in published:
        mine = [leaf for leaf in ends if line.category in {OVERALL, leaf.category}]
        met = _met(mine)
        confusion = _confusion(line, met, len(mine) - met)
        coin = coin_f1(met, len(mine) - met) if line.judge == RANDOM else None
        found.append(
            JudgeOnLeaves(
                judge=line.judge,
                category=line.category,
                leaves=len(mine),
                published=line.f1,
                f1=confusion.f1 if confusion else coin,
                confusion=confusion,
            )
        )
    return tuple(found)


def coin_f1(met: int, not_met: int) -> float:
    """F1 of a coin, mean over both classes, from expected counts: half of each class is called met."""
    total = met + not_met
    return sum(part / (part + total / 2) for part in (met, not_met) if part) / 2


def _nodes(node: Node) -> list[Node]:
    return [node, *(found for child in node.children for found in _nodes(child))]


def _met(ends: Sequence[Node]) -> int:
    return sum(leaf.score == 1.0 for leaf in ends)


def _confusion(line: PublishedScores, met: int, not_met: int) -> Confusion | None:
    """Solve accuracy = (a + d) / n and recall = (a / met + d / not_met) / 2 for a and d.

    None where a figure is missing, where both classes are equally large (then one solution is as good as another), or
    where no whole numbers solve it: then the table is not about these leaves.
    """
    if line.accuracy is None or line.recall is None or not met or not not_met or met == not_met:
        return None
    right = line.accuracy * (met + not_met)
    of_met = (2 * line.recall - right / not_met) / (1 / met - 1 / not_met)
    counts = (of_met, right - of_met)
    whole = tuple(round(count) for count in counts)
    if any(abs(count - number) > WHOLE for count, number in zip(counts, whole, strict=True)):
        return None
    if not (0 <= whole[0] <= met and 0 <= whole[1] <= not_met):
        return None
    return Confusion(met_as_met=whole[0], met_as_not=met - whole[0], not_as_met=not_met - whole[1], not_as_not=whole[1])
