"""A component of your own beside the shipped ones. Runs offline: python examples/own_component.py."""

import asyncio
from itertools import pairwise

from adjudge.domain import ComponentScore, RewardFunction, Rollout, Sample
from adjudge.rewards.base import Scorer, items_of
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.length import LengthBand, LengthBandConfig
from adjudge.testing.builders import make_comment, make_group, make_review


class NamesAMoment(Scorer):
    """Share of comments whose action says when: a number with days, weeks or months."""

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The share, or not applicable without comments: nothing to score is no zero."""
        comments = items_of(rollout.response, "comments")
        if not comments:
            return self.not_applicable("no comments")
        texts = [str(comment.get("recommended_action")).split() for comment in comments]
        dated = [
            any(a.isdigit() and b.startswith(("day", "week", "month")) for a, b in pairwise(words)) for words in texts
        ]
        return self.scored(sum(dated) / len(dated), f"{sum(dated)} of {len(dated)} name a moment")


def reward() -> RewardFunction:
    """Length, and three times as much the moment."""
    return CompositeReward(
        [LengthBand(LengthBandConfig(high=600), role="term"), NamesAMoment("names_a_moment", "term", weight=3.0)]
    )


async def main() -> None:
    """Three responses to one sample, and what each gets."""
    group = make_group(
        [
            make_review([make_comment(recommended_action="Shorten the term to 30 days.")]),
            make_review([make_comment(recommended_action="Shorten the term.")]),
            make_review([]),
        ]
    )
    for scored in await reward().score_group(group):
        print(f"{scored.rollout_id}: {scored.explain()}")


if __name__ == "__main__":
    asyncio.run(main())
