import re
from html.parser import HTMLParser

import pytest

from adjudge.domain.interval import Interval, wilson
from adjudge.pictures.svg import css
from adjudge.validation.check import Check, Figure, Outcome, Rule, figure, overall
from adjudge.validation.page import MOST_EXAMPLES, passport_page, passport_section

# All figures here are invented: they are there to be drawn, and no result of any judge.
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'"
LEAST = Rule(at_least=0.8)


def interval(estimate: float, low: float, high: float, n: int = 120) -> Interval:
    """Of n rows, each of its own cluster."""
    return Interval(estimate=estimate, low=low, high=high, n=n, clusters=n)


def a_check(name: str, *figures: Figure, **more) -> Check:
    """A check with the outcome of its figures."""
    given = {"title": f"the {name} check", "outcome": overall(figures), **more}
    return Check(name=name, figures=figures, **given)


PEOPLE = a_check(
    "people",
    figure("tpr", interval(0.91, 0.84, 0.96), LEAST, about={"criterion": "grounded"}),
    figure("tnr", interval(0.64, 0.5, 0.76), LEAST, about={"criterion": "grounded"}),
    figure("spearman", interval(0.69, 0.6, 0.77), Rule(at_least=0.4), about={"criterion": "grounded"}),
    figure("spearman_ceiling", interval(0.56, 0.5, 0.62), about={"criterion": "grounded"}),
    curves={
        "reliability": (
            {"x": 0.1, "y": 0.2, "low": 0.1, "high": 0.3, "n": 41.0},
            {"x": 0.9, "y": 0.8, "low": 0.7, "high": 0.9, "n": 37.0},
        )
    },
)
POSITION = a_check(
    "position",
    figure("swap_agreement", interval(0.93, 0.91, 0.95), Rule(at_least=0.9)),
    figure("primacy", interval(0.043, 0.02, 0.06)),
    figure("recency", interval(0.031, 0.01, 0.05)),
    figure("first_slot_rate", interval(0.514, 0.46, 0.55)),
)
LENGTH = a_check(
    "length",
    figure("drift", interval(0.012, -0.01, 0.034), Rule(at_most=0.05), about={"variant": "padded"}),
    curves={"length": tuple({"x": float(place), "y": 0.5} for place in range(40))},
)
ATTACKS = a_check(
    "attacks",
    figure("pass_rate", interval(0.0, 0.0, 0.0099, 300), Rule(at_most=0.01), about={"family": "master keys"}),
    figure("pass_rate", interval(0.01, 0.0021, 0.0289, 300), Rule(at_most=0.01), about={"family": "injection"}),
)
GROUP = a_check(
    "group",
    figure("rho_g", interval(0.74, 0.66, 0.81), Rule(at_least=0.7)),
    figure("correlation", interval(0.86, 0.81, 0.9)),
    figure("dead_groups", wilson(11, 50), Rule(at_most=0.4)),
    curves={"calls": ({"calls": 1.0, "rho_g": 0.74}, {"calls": 3.0, "rho_g": 0.9})},
)
BEST_OF_N = a_check(
    "best_of_n",
    curves={"best_of_n": tuple({"n": n, "judge": 0.5 + n / 50, "random": 0.5} for n in (1.0, 2.0, 4.0))},
    outcome=Outcome.PASS,
)
CHECKS = (PEOPLE, POSITION, LENGTH, ATTACKS, GROUP, BEST_OF_N)


class Page(HTMLParser):
    """Elements and shown texts; an element that is not closed, or closed twice, fails."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is shown, white space as one blank."""
        return re.sub(r"\s+", " ", " ".join(self.texts))


def a_page(*checks: Check, accepted: dict[str, str] | None = None, name: str = "J") -> Page:
    """The page of these checks."""
    return Page(
        passport_page(
            name, "f00d", "J is usable.", checks, accepted=accepted or {}, made="2026-11-24", labels="three people"
        )
    )


def svg_titles(page: Page) -> list[str]:
    """What each picture is called."""
    ids = {(attrs["aria-labelledby"] or "").split()[0] for tag, attrs in page.tags if tag == "svg"}
    titles = [attrs for tag, attrs in page.tags if tag == "title" and attrs.get("id") in ids]
    return [str(attrs["id"]).removesuffix("-title") for attrs in titles]


def test_says_what_is_known_of_the_judge():
    """Name, sentence, fingerprint, day, source of labels and the number of each outcome stand at the top."""
    text = a_page(*CHECKS).text
    top = text[: text.index("Is the judge fit to train on?")]
    for words in ("Passport of the judge J", "J is usable.", "f00d", "2026-11-24", "three people", "3 pass", "1 fail"):
        assert words in top


@pytest.mark.parametrize(
    ("check", "pictures", "told"),
    [
        (PEOPLE, ["gauge", "figures-0", "curve-reliability-0"], ["0.91 [0.84, 0.96], n 120", "n 41", "\u25b2 0.56"]),
        (POSITION, ["gauge", "figures-0"], ["0.93 [0.91, 0.95]", "0.043 [0.020, 0.060]", "0.51 [0.46, 0.55]"]),
        (LENGTH, ["gauge", "figures--1", "curve-length"], ["0.012 [-0.010, 0.034]", "padded", "40 points"]),
        (ATTACKS, ["gauge", "figures--1"], ["master keys", "0.99 %", "2.89 %"]),
        (
            GROUP,
            ["gauge", "figures-0", "curve-calls-rho-g"],
            ["reliability in groups", "0.86 [0.81, 0.90]", "0.90 at 3"],
        ),
        (BEST_OF_N, ["curve-best-of-n"], ["judge: 0.52 at 1, 0.54 at 2, 0.58 at 4", "random"]),
    ],
    ids=lambda value: value.name if isinstance(value, Check) else "",
)
def test_each_check_has_its_pictures_and_numbers(check: Check, pictures: list[str], told: list[str]):
    """A check is drawn as its figures and curves ask, and the numbers stand in words too."""
    page = a_page(check)
    assert [name.removeprefix(f"judge-0-{css(check.name)}-") for name in svg_titles(page)] == pictures
    assert not [words for words in told if words not in page.text]


def test_missing_checks_are_left_out():
    """Only what was checked is there; no check at all is said."""
    text = a_page(POSITION).text
    assert "people check" not in text
    assert "Nothing was checked" in a_page().text


def test_attacks_are_counted_by_family():
    """How many came through of how many, and the exact upper bound; a mean of scores is no count."""
    text = a_page(ATTACKS).text
    assert "pass rate: master keys 0 300 0.99 % \u2713 PASS" in text
    assert "pass rate: injection 3 300 2.89 % ? NOT ENOUGH DATA" in text
    graded = a_check("attacks", figure("success", interval(0.1234, 0.1, 0.2, 7), about={"family": "padding"}))
    assert "came through" not in a_page(graded).text


def test_undecided_check_tells_what_would_decide():
    """NOT ENOUGH DATA stands with its n, with about how many values would decide, and with the rows that are needed."""
    open_figure = figure("tpr", interval(0.85, 0.72, 0.93, 44), LEAST)
    assert open_figure.outcome is Outcome.NOT_ENOUGH_DATA
    text = a_page(a_check("people", open_figure, needs="Forty more labels.")).text
    assert f"n 44; must be \u2265 0.8; about {open_figure.needed} would decide" in text
    assert "What is needed: Forty more labels." in text
    assert "The people check: not enough data." in text[: text.index("Is the judge fit")]


def test_figure_without_data_is_said():
    """Labels that are not there yet decide nothing and are not drawn as zero."""
    text = a_page(a_check("people", figure("tpr", None, Rule(at_least=0.8, min_n=20)))).text
    assert "no data; must be \u2265 0.8; about 20 would decide" in text


def test_deciding_figure_is_the_worst_of_its_outcome():
    """Beside an outcome stands the figure that made it."""
    text = a_page(PEOPLE).text
    assert "TNR (grounded): 0.64 [0.50, 0.76], n 120; must be \u2265 0.8" in text
    assert "and 2 more figures" in text
    low, high = Rule(at_least=0.8), Rule(at_most=0.3)
    worst = [figure("near", interval(0.7, 0.6, 0.75), low), figure("far", interval(0.2, 0.1, 0.3), low)]
    assert "far: 0.20" in a_page(a_check("people", *worst)).text.partition("and 1 more")[0]
    worst = [figure("near", interval(0.4, 0.35, 0.45), high), figure("far", interval(0.9, 0.8, 0.95), high)]
    assert "far: 0.90" in a_page(a_check("people", *worst)).text.partition("and 1 more")[0]


def test_accepted_failure_is_told_with_its_reason():
    """What people take the blame for is said at the top and at the check, and stays a failure."""
    text = a_page(PEOPLE, accepted={"people": "the labels are from one person only"}).text
    top, _, rest = text.partition("Is the judge fit to train on?")
    assert "The people check: fail, accepted: the labels are from one person only" in top
    assert top.count("The people check") == 1
    assert "\u2717 FAIL" in rest
    assert rest.count("the labels are from one person only") == 2


def test_disagreements_are_read_side_by_side():
    """An example shows any keys: names as its heading, short values as facts, texts beside each other."""
    example = {
        "item": "contract-1/2",
        "criterion": "grounded",
        "answer": "yes",
        "score": 0.96875,
        "human": [0.0, 0.5],
        "rationale": "It quotes the clause.",
        "rationales": [{"rater": "ada", "text": "The quote is from the playbook."}, None],
        "extra": None,
        "empty": "",
    }
    page = a_page(a_check("people", *PEOPLE.figures, examples=(example,) * (MOST_EXAMPLES + 2)))
    assert page.text.count("contract-1/2 \u00b7 grounded") == MOST_EXAMPLES
    assert "2 more in passport.json" in page.text
    assert "score 0.969 human 0, 0.5" in page.text
    assert "rationale It quotes the clause." in page.text
    assert "The quote is from the playbook." in page.text
    assert not [key for key in ("extra", "empty") if key in page.text]


def test_hostile_text_is_shown_not_obeyed():
    """Markup in any text of a check arrives as text; hidden and reordering characters are made visible."""
    hostile = Check(
        name=HOSTILE,
        title=HOSTILE,
        outcome=Outcome.FAIL,
        figures=(
            figure(HOSTILE, interval(0.5, 0.4, 0.6), LEAST, about={HOSTILE: HOSTILE}, note=HOSTILE),
            figure("pass_rate", interval(0.5, 0.4, 0.6, 10), LEAST, about={"family": HOSTILE}),
        ),
        curves={HOSTILE: ({HOSTILE: 1.0, "y": 2.0},), "reliability": ({"x": 2.0, HOSTILE: 2.0},)},
        examples=({"item": HOSTILE, HOSTILE: HOSTILE, "rationale": "a\u202eb\u200bc\ud83d", "list": [HOSTILE]},),
        detail=HOSTILE,
        fix=HOSTILE,
    )
    page = a_page(hostile, accepted={HOSTILE: HOSTILE}, name=HOSTILE)
    assert page.open == []
    assert not [tag for tag, attrs in page.tags if tag in {"script", "img"} or "onerror" in attrs]
    assert HOSTILE in "".join(page.texts)
    assert "a\ufffdb\ufffdc\ufffd" in page.text


def test_page_loads_nothing():
    """Every element is closed; no script, link or outside address; the policy forbids all of it."""
    page = a_page(*CHECKS)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "img", "form", "base"}
    attributes = [(name, value or "") for _, attrs in page.tags for name, value in attrs.items()]
    assert not [pair for pair in attributes if pair[0].startswith("on") or pair[0] in {"href", "src", "srcset"}]
    addresses = {value for _, value in attributes if "http" in value.lower() and "://" in value}
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, which nothing loads
    policies = [attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_pictures_are_told_in_words():
    """Every picture has a title and a description, by ids that are there once."""
    page = a_page(*CHECKS, PEOPLE)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pictures = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert pictures
    assert all(set((attrs["aria-labelledby"] or "").split()) <= set(ids) for attrs in pictures)


def test_curves_of_one_kind_share_a_picture_while_it_is_not_full():
    """Criteria are lines of one picture, each named; where there are too many each has a picture of its own."""

    def length(criteria: int) -> Check:
        points = ({"length": 90.0, "score": 0.4, "n": 7.0, "people": 0.5}, {"length": 900.0, "score": 0.6, "n": 7.0})
        return a_check("length", curves={f"c{number}": points for number in range(criteria)}, outcome=Outcome.PASS)

    few, many = a_page(length(2)), a_page(length(3))
    assert svg_titles(few) == ["judge-0-length-curve-length"]
    told = "c0, score: 0.40 at 90 (n 7), 0.60 at 900 (n 7); c0, people: 0.50 at 90; c1, score: 0.40 at 90"
    assert told in few.text
    assert svg_titles(many) == [f"judge-0-length-curve-length-{number}" for number in range(3)]


def test_interval_and_count_are_of_the_first_number():
    """A pick has an interval, the best there is has none; weights are no line."""
    points = ({"n": 2.0, "judge": 0.6, "best": 0.8, "low": 0.5, "high": 0.7}, {"n": 4.0, "judge": 0.7, "best": 0.9})
    shares = ({"score": 0.25, "share": 0.3, "n": 40.0, "weight": 0.5, "low": 0.2, "high": 0.4},)
    curves = {"best_of/f1": points, "reliability": shares, "reliability/grounded": shares}
    page = a_page(a_check("production", curves=curves, outcome=Outcome.PASS))
    assert "f1, judge: 0.60 [0.50, 0.70] at 2, 0.70 at 4; f1, best: 0.80 at 2, 0.90 at 4" in page.text
    assert "reliability: 0.30 [0.20, 0.40] at 0.25 (n 40)" in page.text
    assert "grounded: 0.30 [0.20, 0.40] at 0.25 (n 40)" in page.text
    assert "weight" not in page.text


def test_totals_are_told_and_not_drawn():
    """What has neither limit nor interval is a line of the table, its thousands kept apart."""
    calls = Interval(estimate=4200.0, low=None, high=None, n=9, clusters=9)
    cost = a_check("cost", figure("calls", calls), outcome=Outcome.NOT_APPLICABLE)
    page = a_page(cost)
    assert svg_titles(page) == []
    assert "calls 4,200 9 9" in page.text


def test_section_goes_into_another_page():
    """The part alone is closed, escaped HTML without a page around it, equal for equal checks."""
    part = passport_section(CHECKS, accepted={})
    assert Page(part).open == []
    assert not {tag for tag, _ in Page(part).tags} & {"html", "head", "body", "style"}
    assert part == passport_section(CHECKS, accepted={})
