"""Variance components: against REML where the design is balanced, and exactly unbiased where it is not."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics.nested import components, group_reliability


def drawn(prompts, size, repeats, *, noise, signal, between, seed):
    """Balanced askings from the model x = prompt + response + noise, standard deviations given."""
    dice = np.random.default_rng(seed)
    shape = (prompts, size, repeats)
    values = (
        dice.normal(0, between, (prompts, 1, 1))
        + dice.normal(0, signal, (prompts, size, 1))
        + dice.normal(0, noise, shape)
    )
    prompt, response, _ = np.indices(shape)
    return values.ravel(), prompt.ravel(), (prompt * size + response).ravel()


def test_balanced_components_are_those_of_reml():
    """On a balanced design the three variances are statsmodels' REML estimates."""
    mixed = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    values, prompts, responses = drawn(14, 5, 3, noise=0.1, signal=0.2, between=0.3, seed=1)
    inner = (responses[:, None] % 5 == np.arange(5)).astype(float)
    variance = {"response": {prompt: inner[prompts == prompt] for prompt in range(14)}}
    names = {"response": {prompt: [f"r{n}" for n in range(5)] for prompt in range(14)}}
    structure = mixed.VCSpec(
        ["response"],
        [[names["response"][prompt] for prompt in range(14)]],
        [[variance["response"][prompt] for prompt in range(14)]],
    )
    model = mixed.MixedLM(values, np.ones((len(values), 1)), groups=prompts, exog_re=np.ones((len(values), 1)),
                          exog_vc=structure)  # fmt: skip
    with warnings.catch_warnings():
        # Its optimiser warns of what it tried on the way; the estimate is what is compared.
        warnings.simplefilter("ignore")
        fitted = model.fit(reml=True)
    found = components(values, prompts, responses)
    assert found.noise == pytest.approx(fitted.scale, rel=1e-3)
    assert found.signal == pytest.approx(fitted.vcomp[0], rel=1e-3)
    assert found.prompts == pytest.approx(fitted.cov_re[0, 0], rel=1e-3)


def test_a_design_by_hand():
    """Two prompts, two responses each, two askings each, worked out on paper."""
    values = np.array([0.0, 0.2, 1.0, 1.2, 0.4, 0.4, 0.4, 0.4])
    prompts, responses = np.repeat([0, 1], 4), np.repeat([0, 1, 2, 3], 2)
    found = components(values, prompts, responses)
    # Squares of repeats: 4 x 0.01 over 4; of responses: 4 x 0.25 over 2, less the noise, over 2 askings.
    assert found.noise == pytest.approx(0.01)
    assert found.signal == pytest.approx((1.0 / 2 - 0.01) / 2)
    assert (found.noise_df, found.responses, found.groups) == (4, 4, 2)
    assert found.reliability() == pytest.approx(0.245 / 0.255)


@settings(max_examples=12)
@given(
    st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), min_size=2, max_size=4).filter(
        lambda design: any(n > 1 for row in design for n in row) and any(len(row) > 1 for row in design)
    )
)
def test_unequal_designs_are_unbiased(design):
    """The estimators are quadratic forms x'Qx; the trace of Q with each part's covariance is exactly 1 or 0."""
    prompts = np.array([p for p, row in enumerate(design) for n in row for _ in range(n)])
    responses = np.array([r for r, n in enumerate(n for row in design for n in row) for _ in range(n)])
    size = len(prompts)
    unit = np.eye(size)
    parts = {
        "noise": unit,
        "signal": (responses[:, None] == responses).astype(float),
        "prompts": (prompts[:, None] == prompts).astype(float),
    }
    for name in parts:

        def of(x, name=name):
            return getattr(components(x, prompts, responses), name)

        if of(unit[0]) is None:
            continue
        alone = [of(unit[a]) for a in range(size)]
        form = np.array([
            [alone[a] if a == b else (of(unit[a] + unit[b]) - alone[a] - alone[b]) / 2 for b in range(size)]
            for a in range(size)
        ])  # fmt: skip
        for other, covariance in parts.items():
            assert np.trace(form @ covariance) == pytest.approx(float(name == other), abs=1e-7)


def test_nothing_repeated_tells_no_noise():
    """One asking a response cannot tell noise from signal."""
    values, prompts, responses = drawn(5, 4, 1, noise=0.1, signal=0.2, between=0.0, seed=2)
    found = components(values, prompts, responses)
    assert found.noise is None
    assert found.signal is None
    assert group_reliability(values, prompts, responses, seed=0) is None


def test_prompts_do_not_count():
    """What differs between prompts only is taken out by the group's mean: reliability stays the same."""
    values, prompts, responses = drawn(20, 4, 3, noise=0.1, signal=0.1, between=0.0, seed=3)
    plain = group_reliability(values, prompts, responses, seed=0, resamples=200)
    shifted = group_reliability(values + 5.0 * prompts, prompts, responses, seed=0, resamples=200)
    assert plain is not None
    assert shifted is not None
    assert shifted.estimate == pytest.approx(plain.estimate)
    assert shifted.low == pytest.approx(plain.low)
    assert shifted.n == 20


def test_reliability_is_found_again():
    """From 400 groups of 8 with 3 askings the true 0.6 is within the interval, and the interval is short."""
    values, prompts, responses = drawn(400, 8, 3, noise=0.2, signal=0.2 * 1.5**0.5, between=0.4, seed=4)
    found = group_reliability(values, prompts, responses, seed=0, resamples=500)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.6 < found.high
    assert found.high - found.low < 0.06


def test_more_calls_are_more_reliable():
    """The mean of three calls has a third of the noise, in the estimate as at the interval's ends."""
    values, prompts, responses = drawn(30, 6, 3, noise=0.2, signal=0.2, between=0.0, seed=5)
    one = group_reliability(values, prompts, responses, seed=0, resamples=200)
    three = group_reliability(values, prompts, responses, calls=3, seed=0, resamples=200)
    assert one is not None
    assert three is not None
    for before, after in ((one.estimate, three.estimate), (one.low, three.low)):
        assert before is not None
        assert after == pytest.approx(3 * before / (1 + 2 * before), abs=1e-3)


def test_pure_noise_has_no_reliability():
    """Where responses differ by noise alone the signal is near nothing, and never counted below 0."""
    values, prompts, responses = drawn(60, 6, 3, noise=0.2, signal=0.0, between=0.3, seed=6)
    found = group_reliability(values, prompts, responses, seed=0, resamples=300)
    assert found is not None
    assert 0.0 <= found.estimate < 0.1
