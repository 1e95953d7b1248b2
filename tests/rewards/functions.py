"""Functions that the tests name as components."""

import time


def any_text(response, sample):
    return 1.0 if response else None


async def told(response, sample):
    return {"score": 0.25, "detail": f"{sample['id']}: {response}"}


def as_said(response, sample):
    """What the response says in Python, for answers that are no scores."""
    return {
        "true": True,
        "text": "1",
        "high": 1.5,
        "low": -0.5,
        "nan": float("nan"),
        "huge": 10**400,
        "odd": {"points": 1},
    }[response]


def broken(response, sample):
    raise ZeroDivisionError(response)


def endless(response, sample):
    time.sleep(60)
