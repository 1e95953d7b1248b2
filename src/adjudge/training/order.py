"""Which samples a step sees: a pure function of seed and place, so resuming needs no cursor but a number."""

import random

from adjudge.errors import DataError


def epoch_order(count: int, epoch: int, seed: int | None) -> list[int]:
    """The order in which the samples of an epoch are seen; None keeps file order."""
    order = list(range(count))
    if seed is not None:
        random.Random(f"{seed}/{epoch}").shuffle(order)
    return order


def batch_at(count: int, batch_size: int, step: int, seed: int | None) -> list[int]:
    """Indices of the `step`-th batch (from 0), epoch after epoch without replacement.

    Raises:
        DataError: there are no samples.
    """
    if not count:
        raise DataError("There are no samples to train on.", "A step needs some.", "Check the task's data.train.")
    orders: dict[int, list[int]] = {}
    out = []
    for place in range(step * batch_size, (step + 1) * batch_size):
        epoch, offset = divmod(place, count)
        if epoch not in orders:
            orders[epoch] = epoch_order(count, epoch, seed)
        out.append(orders[epoch][offset])
    return out
