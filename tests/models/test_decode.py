"""Sampling of whole groups: limits, what can be drawn, and that rows do not depend on their neighbours."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.models.decode import sample_groups
from adjudge.models.load import tiny
from adjudge.models.packed import Branches, pack, token_scores

LOCAL = tiny()
TOKENS = st.lists(st.integers(0, 255), min_size=1, max_size=9)


def draw(prompts, size, **changes):
    """Rows by (prompt's place, number), in the order in which they ended."""
    heard = []
    settings = {"max_new_tokens": 10, "temperature": 1.0, "top_k": 0, "seed": 3, "end_tokens": frozenset()}
    sample_groups(LOCAL.model, prompts, size, ended=lambda *row: heard.append(row), **(settings | changes))
    rows = {(place, number): row for place, number, row in heard}
    assert len(rows) == len(heard) == len(prompts) * size
    return rows


@settings(max_examples=15, deadline=None)
@given(st.lists(TOKENS, min_size=1, max_size=3), st.integers(1, 3), st.integers(1, 12), st.integers(0, 100))
def test_the_recorded_log_probabilities_are_those_of_the_whole_sequence(prompts, size, limit, seed):
    """For any prompts and group size, with rows that end apart: what the sampler recorded is what a full pass gives."""
    rows = draw(prompts, size, max_new_tokens=limit, seed=seed, end_tokens=frozenset(range(0, 258, 6)))
    groups = [Branches(p, [rows[place, n].tokens for n in range(size)]) for place, p in enumerate(prompts)]
    with torch.no_grad():
        whole = token_scores(LOCAL.model, pack(groups)).logprobs
    told = torch.tensor([p for place in range(len(prompts)) for n in range(size) for p in rows[place, n].logprobs])
    torch.testing.assert_close(told, whole, atol=1e-4, rtol=0)


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_a_row_gets_exactly_its_limit_when_nothing_ends_it(limit):
    """Without end tokens every row has `max_new_tokens` tokens and is not ended."""
    rows = draw([[5, 6], [7]], 2, max_new_tokens=limit)
    assert {(len(row.tokens), row.ended) for row in rows.values()} == {(limit, False)}


def test_an_end_token_on_the_last_place_is_an_end():
    """A row that ends on its very last token was not cut."""
    rows = draw([[5, 6]], 3, max_new_tokens=1, end_tokens=frozenset(range(258)))
    assert all(row.ended and len(row.tokens) == 1 for row in rows.values())


def test_only_the_most_likely_tokens_are_drawn_under_top_k():
    """Each drawn token is among the k most likely; its log-probability is that of the whole vocabulary."""
    rows = draw([[5, 6, 7]], 6, top_k=3, max_new_tokens=6)
    for row in rows.values():
        with torch.no_grad():
            for place in range(6):
                every = [[token] for token in range(LOCAL.model.config.vocab_size)]
                scores = token_scores(LOCAL.model, pack([Branches([5, 6, 7, *row.tokens[:place]], every)])).logprobs
                assert row.tokens[place] in scores.topk(3).indices.tolist()
                assert row.logprobs[place] == pytest.approx(float(scores[row.tokens[place]]), abs=1e-4)


def test_greedy_rows_do_not_depend_on_their_neighbours():
    """A prompt alone and among others of other lengths gets the same greedy answer, in every row."""
    alone = draw([[9, 10, 11]], 1, temperature=0.0)[0, 0].tokens
    among = draw([[5], [9, 10, 11], [1, 2, 3, 4, 5, 6]], 2, temperature=0.0)
    assert among[1, 0].tokens == among[1, 1].tokens == alone
    assert among[0, 0].tokens != alone


def test_draws_follow_the_models_distribution():
    """Of 4000 first tokens each comes as often as its probability says (total variation below what chance allows)."""
    rows = draw([[5, 6, 7]], 4000, max_new_tokens=1, seed=1)
    counts = torch.zeros(LOCAL.model.config.vocab_size)
    for row in rows.values():
        counts[row.tokens[0]] += 1
    every = [[token] for token in range(len(counts))]
    with torch.no_grad():
        wanted = token_scores(LOCAL.model, pack([Branches([5, 6, 7], every)])).logprobs.exp()
    assert float(wanted.sum()) == pytest.approx(1.0, abs=1e-4)
    squares = ((counts - 4000 * wanted) ** 2 / (4000 * wanted)).sum()
    # Chi-square with 257 degrees of freedom: mean 257, standard deviation 22.7; five deviations.
    assert float(squares) < 257 + 5 * 22.7


def test_the_callers_random_numbers_are_left_alone():
    """Sampling draws from a generator of its own."""
    state = torch.get_rng_state()
    draw([[5, 6]], 2)
    assert torch.equal(torch.get_rng_state(), state)
