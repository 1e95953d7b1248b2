"""Weighted rubric trees, and tables of confusion recovered from what is published about judges."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adjudge.validation.trees import coin_f1, judges_on_leaves, recomputed, score_of
from adjudge.wire.recorded.base import Node, PublishedScores


def leaf(score: float, weight: float = 1.0, category: str = "code") -> Node:
    return Node(f"leaf {score} {weight}", weight, score, category, ())


def branch(*children: Node, weight: float = 1.0, score: float = 0.0) -> Node:
    return Node("branch", weight, score, None, children)


def test_a_node_is_the_weighted_mean_of_its_children():
    """(1 x 1 + 3 x (2 x 0 + 2 x 1) / 4) / 4 = 0.625."""
    assert score_of(branch(leaf(1.0), branch(leaf(0.0, 2.0), leaf(1.0, 2.0), weight=3.0))) == 0.625


def test_nodes_that_are_recorded_otherwise_are_counted():
    """The root is told as recorded and as recomputed."""
    inner = branch(leaf(0.0), leaf(1.0), score=0.5)
    (found,) = recomputed({"paper": branch(leaf(1.0), inner, score=0.9)})
    assert (found.nodes, found.leaves, found.met, found.recorded, found.root, found.off) == (5, 3, 2, 0.9, 0.75, 1)


def of(met: int, not_met: int, *, hits: int, passes: int) -> PublishedScores:
    """What a table says of a judge that calls `hits` of the met leaves met and `passes` of the others not met."""
    accuracy, recall = (hits + passes) / (met + not_met), (hits / met + passes / not_met) / 2
    return PublishedScores("judge", "Overall", accuracy, recall, 0.0)


def tree(met: int, not_met: int) -> dict[str, Node]:
    return {"paper": branch(*(leaf(1.0) for _ in range(met)), *(leaf(0.0) for _ in range(not_met)))}


@given(st.data())
def test_a_table_of_confusion_comes_back_from_accuracy_and_recall(data: st.DataObject):
    """For any judge on leaves of which not just half are met."""
    met, not_met = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    assume(met != not_met)
    hits, passes = data.draw(st.integers(0, met)), data.draw(st.integers(0, not_met))
    (found,) = judges_on_leaves([of(met, not_met, hits=hits, passes=passes)], tree(met, not_met))
    assert found.confusion is not None
    assert (found.confusion.met_as_met, found.confusion.met_as_not) == (hits, met - hits)
    assert (found.confusion.not_as_not, found.confusion.not_as_met) == (passes, not_met - passes)


def test_f1_is_the_mean_over_both_classes():
    """Met: 2 x 3 / (6 + 1 + 1) = .75; not met: 2 x 1 / (2 + 1 + 1) = .5."""
    (found,) = judges_on_leaves([of(4, 2, hits=3, passes=1)], tree(4, 2))
    assert found.f1 == pytest.approx(0.625)


@pytest.mark.parametrize(
    "line",
    [
        PublishedScores("judge", "Overall", 0.7, 0.6, 0.6),
        PublishedScores("judge", "Overall", None, None, 0.6),
        PublishedScores("judge", "Overall", 1.0, 0.0, 0.6),
    ],
)
def test_a_table_about_other_leaves_is_not_bent_to_fit(line: PublishedScores):
    """Six leaves give no accuracy of .7; nothing is rounded into place."""
    (found,) = judges_on_leaves([line], tree(4, 2))
    assert (found.f1, found.confusion) == (None, None)


def test_equal_classes_leave_the_table_open():
    """Accuracy is the mean recall then, so nothing tells hits from passes."""
    (found,) = judges_on_leaves([of(3, 3, hits=3, passes=1)], tree(3, 3))
    assert found.confusion is None


def test_a_category_counts_its_own_leaves():
    """Other leaves stay out of it."""
    trees = {"paper": branch(leaf(1.0), leaf(0.0, category="text"), leaf(0.0), leaf(1.0))}
    (found,) = judges_on_leaves([PublishedScores("judge", "code", 1.0, 1.0, 1.0)], trees)
    assert (found.leaves, found.f1) == (3, 1.0)


def test_a_coin_calls_half_of_each_class_met():
    """Of 3 met and 1 not: precision .75 and .25, recall .5 both: F1 .6 and 1 / 3."""
    assert coin_f1(3, 1) == pytest.approx((0.6 + 1 / 3) / 2)
    assert coin_f1(5, 5) == pytest.approx(0.5)
