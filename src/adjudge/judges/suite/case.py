"""**Cases**: one response, and what a good judge answers to it."""

from pydantic import Field

from adjudge.domain.verdict import Verdict
from adjudge.judges.suite.base import NAME, Ask, Expected, Found, Given, Kind, Response, score_of


class JudgeCase(Expected):
    """One response, and what a good judge answers to it. At least one expectation."""

    name: str = Field(pattern=NAME)
    why: str = ""
    must_pass: bool = True
    """Whether the suite fails where this case fails."""

    metadata: dict[str, str]
    """Named texts of the sample, as the rubric shows them."""

    response: Response

    @property
    def kind(self) -> Kind:
        """A case."""
        return "case"

    @property
    def given(self) -> Given:
        """Sample and response; other tests may start from them."""
        return Given(self.metadata, self.response)

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The response."""
        return (Ask(self.name, self.given, right=self.answers),)

    def problems(self, found: Found) -> list[str]:
        """What is wrong with the judgement, a sentence each; empty when the judge passes."""
        return self.wrong(self.name, found[self.name])

    def figures(self, found: Found) -> dict[str, float]:
        """The score."""
        return {"score": score_of(found, self.asks[0])} if isinstance(found[self.name], Verdict) else {}
