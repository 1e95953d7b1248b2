import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.rubric import Answer, Scale
from adjudge.validation.gold import GoldRow
from adjudge.validation.labelling import Session, Unit, answer_keys, draw, questions, standing, told_scores
from adjudge.validation.table import table_of

grades = st.one_of(st.none(), st.sampled_from([0.0, 0.3, 0.6, 0.8, 1.0]))


def units(scores) -> list[Unit]:
    return [Unit(f"r{n}/0", f"s{n}", {} if score is None else {"good": score}) for n, score in enumerate(scores)]


def row(item: str, rater: str, score: float, criterion: str = "good") -> GoldRow:
    return GoldRow(item=item, criterion=criterion, rater=rater, score=score)


@given(st.lists(grades, max_size=40), st.one_of(st.none(), st.integers(0, 50)), st.integers(0, 5))
def test_that_many_items_each_once(scores, most: int | None, seed: int):
    """As many as asked for or as there are, none twice, with positive weights; equal seeds draw alike."""
    found = draw(units(scores), ["good"], most=most, seed=seed)
    assert len(found) == min(len(scores), len(scores) if most is None else most)
    assert len({drawn.unit.item for drawn in found}) == len(found)
    assert all(drawn.weight > 0 for drawn in found)
    assert found == draw(units(scores), ["good"], most=most, seed=seed)


def test_without_scores_all_have_the_same_chance():
    """Nothing to stratify by: every weight is 1, and so it is when everything is labelled."""
    for scores, most in (([None] * 30, 10), ([0.0] * 25 + [1.0] * 5, None)):
        found = draw(units(scores), ["good"], most=most)
        assert [drawn.weight for drawn in found] == pytest.approx([1.0] * (most or 30))


def test_rare_ranges_and_the_top_are_asked_more():
    """A range of 20 among 1000 gets its fair number, the top one about twice that of another range."""
    scores = [0.1] * 860 + [0.6] * 70 + [1.0] * 70
    counts = {score: [] for score in (0.1, 0.6, 1.0)}
    for seed in range(60):
        found = draw(units(scores), ["good"], most=80, seed=seed)
        for score, number in counts.items():
            number.append(sum(drawn.unit.scores["good"] == score for drawn in found))
    means = {score: np.mean(number) for score, number in counts.items()}
    assert means[0.1] == pytest.approx(20, abs=2)
    assert means[0.6] == pytest.approx(20, abs=2)
    assert means[1.0] == pytest.approx(40, abs=2)


@pytest.mark.parametrize("stopped", [None, 40])
def test_weights_give_the_share_of_all_items(stopped: int | None):
    """Weighted back, the oversampled labels have the mean of all items, also where a person stops half-way."""
    dice = np.random.default_rng(0)
    scores = dice.choice([0.1, 0.6, 1.0], 400, p=[0.7, 0.2, 0.1])
    truth = (dice.uniform(size=400) < 0.2 + 0.6 * scores).astype(float)
    listed = units(scores.tolist())
    places = {unit.item: n for n, unit in enumerate(listed)}
    weighted, plain = [], []
    for seed in range(200):
        found = draw(listed, ["good"], most=80, seed=seed)[:stopped]
        labels = np.array([truth[places[drawn.unit.item]] for drawn in found])
        weights = np.array([drawn.weight for drawn in found])
        weighted.append(weights @ labels / weights.sum())
        plain.append(labels.mean())
    # The standard error of 200 repetitions is about half a point.
    assert np.mean(weighted) == pytest.approx(truth.mean(), abs=0.02)
    assert np.mean(plain) > truth.mean() + 0.1


def test_a_longer_list_begins_with_the_shorter_one():
    """Asking for more items later keeps those that were labelled already."""
    listed = units([0.1] * 200 + [1.0] * 200)
    few, many = (draw(listed, ["good"], most=most) for most in (50, 100))
    assert [drawn.unit.item for drawn in many[:50]] == [drawn.unit.item for drawn in few]
    assert [drawn.weight for drawn in many[:50]] == pytest.approx([drawn.weight for drawn in few])


@pytest.mark.parametrize("wrong", [{"top": 0.0}, {"units": 2}])
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, float]):
    """The top range cannot be drawn less than never, and an item is there once."""
    listed = units([0.5]) * int(wrong.get("units", 1))
    with pytest.raises(ValueError, match="once"):
        draw(listed, ["good"], top=wrong.get("top", 2.0))


def test_a_person_is_asked_what_they_have_not_answered():
    """Item by item; what others answered does not count."""
    drawn = draw(units([None, None]), ["good"])
    first, second = (entry.unit.item for entry in drawn)
    rows = [row(first, "ada", 1.0), row(second, "ben", 1.0)]
    asked = questions(drawn, ["good", "short"], rows, "ada")
    assert [(q.drawn.unit.item, q.criterion) for q in asked] == [(first, "short"), (second, "good"), (second, "short")]


def test_undo_goes_back_one_answer_and_skip_is_no_answer():
    """The last answered question is open again; a skipped one is not; without an answer there is nothing to undo."""
    drawn = draw(units([None, None, None]), ["good"])
    session = Session(questions(drawn, ["good"], [], "ada"))
    assert session.undo() is None
    first = session.answer()
    session.skip()
    assert session.undo() == first
    assert session.current == first
    session.answer()
    session.answer()
    assert session.current is None
    assert (len(session.answered), session.skipped) == (2, 1)


def test_keys_are_one_letter_and_no_command():
    """Y and n for yes and no; numbers for a longer scale, letters after nine, never u, s or q."""
    assert answer_keys(Scale(answers=(Answer(label="no"), Answer(label="yes")))) == {"n": "no", "y": "yes"}
    long = Scale(answers=tuple(Answer(label=f"grade {n}") for n in range(30)), not_applicable=Answer(label="none"))
    keys = answer_keys(long)
    assert list(keys)[:3] == ["1", "2", "3"]
    assert list(keys.values()) == list(long.labels)
    assert not {"u", "s", "q"} & set(keys)
    with pytest.raises(ValueError, match="more than there are keys"):
        answer_keys(Scale(answers=tuple(Answer(label=str(n)) for n in range(40))))


def test_the_standing_counts_people_and_their_agreement():
    """A person's last answer counts, once a question; rows about other items do not; agreement is over pairs."""
    drawn = draw(units([None, None]), ["good", "short"])
    rows = [
        row("r0/0", "ada", 1.0),
        row("r0/0", "ada", 0.0),
        row("r0/0", "ben", 0.0),
        row("r0/0", "eve", 1.0),
        row("r1/0", "ada", 1.0),
        row("elsewhere", "ben", 1.0),
    ]
    found = standing(drawn, ["good", "short"], rows)
    assert found.asked == 4
    assert found.by_rater == {"ada": 2, "ben": 1, "eve": 1}
    assert found.shared == {"good": 1, "short": 0}
    assert found.agreement == {"good": pytest.approx(1 / 3), "short": None}


def test_scores_of_the_table_decide_the_ranges():
    """The first plain score of each item and criterion; failures, repeats and other variants are left out."""
    rows = [
        {"item": "r1/0", "criterion": "good", "score": 1.0},
        {"item": "r1/0", "criterion": "good", "score": 0.0, "repeat": 1},
        {"item": "r2/0", "criterion": "good", "score": 0.0, "variant": "padded"},
    ]
    rows = [{"judge": "j", "status": "ok", "answer": "x", **entry} for entry in rows]
    assert told_scores(table_of([*rows, {"judge": "j", "status": "timeout"}])) == {"r1/0": {"good": 1.0}}
