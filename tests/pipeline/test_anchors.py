"""While it trains, the judge is held to what it said before: drift is caught, a steady judge is left alone."""

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from adjudge.domain import Note, Request, StepEnded
from adjudge.pipeline.forecast import forecast
from adjudge.pipeline.run import run
from adjudge.pipeline.stop import StoppedError
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder
from adjudge.testing.server import Answer, fault_server
from adjudge.validation.anchors import compare
from adjudge.validation.passport import Passport

LABELS = ("none", "one", "two", "three", "four", "six")


class Letters:
    """A fake judge behind a server: counts small letters; once `drifted` it finds two more."""

    def __init__(self):
        self.drifted = threading.Event()

    def __call__(self, number: int, body: dict[str, Any]) -> Answer:
        text = "\n".join(message["content"] for message in body["messages"])
        found = re.search(r"\[\[begin response \w+\]\]\n(.*?)\n\[\[end response", text, re.DOTALL)
        count = len(re.findall("[a-z]", found[1])) if found else 0
        label = LABELS[min(count + 2 * self.drifted.is_set(), 5)]
        entry = {"id": "letters", "reason": "r", "quote": "", "answer": label}
        return Answer(text=json.dumps({"criteria": [entry]}))


class Listener:
    """Keeps events; `at` is called with each."""

    def __init__(self, at=lambda event: None):
        self.events, self._at = [], at

    def on_event(self, event):
        self.events.append(event)
        return self._at(event)

    def told(self, text):
        return [event for event in self.events if isinstance(event, Note) and text in event.text]


def changes(server, every=1, **more):
    return {
        "judge.model": f"openai-compat:{server.url}#letters",
        "validate.anchors": {"every": every, "cases": 12, "repeats": 2},
        **{f"train.{name}": value for name, value in more.items()},
    }


async def train(task, out, observer, *, resume=False):
    """Up to the end of training; what is told of the judge is nobody's matter here."""
    return await run(task, out, observer=observer, stage="train", resume=resume, allow_unproven=True)


def anchor_rows(out, stage):
    return [row for row in read_jsonl(RunFolder(out).verdicts) if row["variant"] == "anchor" and row["stage"] == stage]


def figures(out):
    """Metrics without times."""
    rows = read_jsonl(RunFolder(out).metrics)
    return [{name: value for name, value in row.items() if not name.endswith("_seconds")} for row in rows]


async def test_a_steady_judge_trains_to_the_end_with_the_same_numbers(make_task, tmp_path: Path):
    """Anchors are asked after each step, and training's figures are those of a run without them."""
    async with fault_server(Letters()) as server:
        listener = Listener()
        await train(make_task(changes(server)), tmp_path / "a", listener)
        calls = server.calls
        await train(make_task(changes(server, every=0)), tmp_path / "b", Listener())
        more = calls - (server.calls - calls)
    kept = Passport.read(RunFolder(tmp_path / "a").passport).anchors
    assert kept is not None
    assert 2 <= len(kept.cases) <= 12
    assert kept.noise == 0.0
    assert sorted({row["step"] for row in anchor_rows(tmp_path / "a", "train")}) == [1, 2, 3, 4]
    assert len(anchor_rows(tmp_path / "a", "train")) == 4 * len(kept.cases)
    # The baseline has asked for the first of the two recorded askings; nothing answers for the others but the judge.
    assert more == (1 + 4) * len(kept.cases)
    assert figures(tmp_path / "a") == figures(tmp_path / "b")
    assert "anchors" not in json.loads((tmp_path / "b" / "passport.json").read_text())
    assert not listener.told("drifted")


async def test_a_judge_that_drifts_stops_training_at_a_checkpoint(make_task, tmp_path: Path):
    """After step 2 the judge finds more letters: the next asking stops the run and says why; going on without works."""
    judge, out = Letters(), tmp_path / "run"

    def at(event):
        if isinstance(event, StepEnded) and event.steps == 4 and event.step == 2:
            judge.drifted.set()

    async with fault_server(judge) as server:
        listener = Listener(at)
        with pytest.raises(StoppedError, match="after step 2 of 4"):
            await train(make_task(changes(server)), out, listener)
        (note,) = listener.told("drifted")
        assert note.level == "warning"
        assert "McNemar" in note.text
        again = Listener()
        with pytest.raises(StoppedError, match="after step 3 of 4"):
            await train(make_task(changes(server)), out, again, resume=True)
        assert again.told("drifted")
        await train(make_task(changes(server, every=0)), out, Listener(), resume=True)
    assert [row["step"] for row in figures(out) if row["stage"] == "train"] == [1, 2, 3, 4]


async def test_a_killed_run_goes_on_with_its_anchors(make_task, tmp_path: Path, monkeypatch):
    """Dead after the third asking, before any checkpoint: nothing is paid twice, and all askings count at the end."""
    notes, seen = [], []

    def die(event):
        notes.extend([event] if isinstance(event, Note) and "anchors has changed" in event.text else [])
        if len(notes) == 3:
            raise SystemExit

    def spied(anchors, askings, **settings):
        seen.append(len(askings))
        return compare(anchors, askings, **settings)

    monkeypatch.setattr("adjudge.pipeline.anchors.compare", spied)
    async with fault_server(Letters()) as server:
        task = make_task(changes(server, save_steps=4))
        await train(task, tmp_path / "whole", Listener())
        calls = server.calls
        with pytest.raises(SystemExit):
            await train(task, tmp_path / "parts", Listener(die))
        await train(task, tmp_path / "parts", Listener(), resume=True)
        assert server.calls == 2 * calls
    assert seen == [1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 4]

    def rows(out):
        return [(row["step"], row["item"], row["answer"]) for row in anchor_rows(out, "train")]

    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


async def test_askings_before_a_restart_count_after_it(make_task, tmp_path: Path, monkeypatch):
    """Stopped at a checkpoint after step 2: the third asking is compared together with the first two."""
    seen = []

    def spied(anchors, askings, **settings):
        seen.append(len(askings))
        return compare(anchors, askings, **settings)

    def stop(event):
        return Request.STOP if isinstance(event, StepEnded) and (event.steps, event.step) == (4, 2) else Request.NONE

    monkeypatch.setattr("adjudge.pipeline.anchors.compare", spied)
    async with fault_server(Letters()) as server:
        with pytest.raises(StoppedError):
            await train(make_task(changes(server)), tmp_path / "run", Listener(stop))
        await train(make_task(changes(server)), tmp_path / "run", Listener(), resume=True)
    assert seen == [1, 2, 3, 4]


async def test_a_cache_across_runs_does_not_answer_for_the_judge(make_task, tmp_path: Path, monkeypatch):
    """With judge.limits.cache a second run is paid for by the first; its anchors are asked all the same."""
    monkeypatch.setenv("ADJUDGE_CACHE", str(tmp_path / "cache"))
    async with fault_server(Letters()) as server:
        task = make_task({**changes(server), "judge.limits.cache": True})
        await train(task, tmp_path / "one", Listener())
        calls = server.calls
        await train(task, tmp_path / "two", Listener())
        assert server.calls - calls == len(anchor_rows(tmp_path / "two", "train"))


def test_anchors_are_forecast(make_task):
    """Their calls are in the forecast of the stages that make them."""
    plain = forecast(make_task({"judge.model": "openai-compat:http://127.0.0.1:9/v1#m"}), ["judge", "train"])
    anchored = {"judge.model": "openai-compat:http://127.0.0.1:9/v1#m", "validate.anchors": {"every": 2, "cases": 12}}
    found = forecast(make_task(anchored), ["judge", "train"])
    more = [after.judge_calls - before.judge_calls for before, after in zip(plain.stages, found.stages, strict=True)]
    assert more == [12 * 3, 12 * 2]
    assert found.stages[1].rollouts == plain.stages[1].rollouts
