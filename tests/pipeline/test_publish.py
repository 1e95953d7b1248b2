from pathlib import Path

from adjudge.domain.interval import Interval
from adjudge.pipeline.publish import write_report
from adjudge.store.atomic import write_json
from adjudge.store.run import RunFolder
from adjudge.validation.check import Check, Outcome, Rule, figure
from adjudge.validation.passport import Passport


def test_report_shows_every_check_of_the_passport(tmp_path: Path):
    """The report tells of each check its figure and why its failure is accepted; without a passport nothing."""
    run = RunFolder.create(tmp_path / "run", manifest={"task": "t"}, config="")
    value = Interval(estimate=0.59, low=0.55, high=0.62, n=734, clusters=734)
    agreement = figure("swap_agreement", value, Rule(at_least=0.9))
    check = Check(name="position", title="The slot does not decide", outcome=Outcome.FAIL, figures=(agreement,))
    passport = Passport(judge="J", fingerprint="f00d", checks=(check,), accepted={"position": "both orders are asked"})
    write_json(run.passport, passport.model_dump(mode="json"))
    write_report(run, "t", [], "J")
    page = run.report.read_text(encoding="utf-8")
    assert "Is the judge fit to train on?" in page
    assert "0.59 [0.55, 0.62], n 734" in page
    assert "both orders are asked" in page
    run.passport.unlink()
    write_report(run, "t", [], "J")
    assert "Is the judge fit to train on?" not in run.report.read_text(encoding="utf-8")
