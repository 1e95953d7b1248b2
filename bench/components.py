"""What each reward component costs, and the whole deterministic part of the contract-review reward.

    python bench/components.py [--rounds 7] [--samples 200] [--peer PYTHON]

Responses are built from the answers of the contract-review template: right ones, invented and misspelt quotes, wrong
guidelines, repeats, silence, cut JSON. Figures are CPU time, medians over rounds; the rounds of all lines take turns,
so that a busy machine slows all of them alike. A component's line is its own work, after the JSON was read; reading is
a line of its own, paid once a rollout. The yardsticks do the same with the bare library. ``--peer`` is the Python of an
environment with eval-protocol, whose functions of the same purpose then run on the same responses.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema_rs
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from rapidfuzz import fuzz

import adjudge
from adjudge.domain import Policy, Rollout, Sample
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.taskfile import load_task
from adjudge.rewards.base import items_of
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.registry import RewardConfig, build_reward

TASK = Path(adjudge.__file__).parent / "templates" / "contract_review"
PEER = Path(__file__).parent / "peers" / "components_eval_protocol.py"
PHRASES = ["as an AI", "I cannot", "trade secret", "guaranteed", *(f"forbidden phrase {n}" for n in range(200))]
COMPONENTS: dict[str, dict[str, Any]] = {
    "json_schema": {"type": "json_schema", "file": "response.schema.json"},
    "minimum_content": {"type": "minimum_content", "fields": ["comment", "recommended_action"]},
    "required_fields": {"type": "required_fields", "items": "comments", "fields": ["comment", "guideline_id"]},
    "pattern": {"type": "pattern", "must": [r"guideline_id"], "must_not": [r"(a+)+$", r"\bTODO\b"]},
    "prohibited_content (204 phrases)": {"type": "prohibited_content", "phrases": PHRASES},
    "personal_data": {"type": "personal_data"},
    "odd_unicode": {"type": "odd_unicode"},
    "quote_in_document": {"type": "quote_in_document"},
    "quote_in_document, fuzzy": {"type": "quote_in_document", "fuzzy": 0.5, "reference": "reference"},
    "quote_not_from_reference": {"type": "quote_not_from_reference"},
    "exact_match": {"type": "exact_match"},
    "set_match": {"type": "set_match"},
    "duplicates": {"type": "duplicates"},
    "repetition": {"type": "repetition"},
    "length_band, characters": {"type": "length_band", "high": 1200},
    "length_band, tokens": {"type": "length_band", "high": 300, "unit": "tokens"},
    "same_language": {"type": "same_language", "language": "prompt"},
    "python_function, in process": {"type": "python_function", "file": "own.py", "sandbox": False},
}
CHEAP = [
    {"type": "quote_in_document"},
    {"type": "set_match"},
    {"type": "duplicates"},
    {"type": "required_fields", "items": "comments", "fields": ["comment", "guideline_id"]},
    {"type": "repetition"},
    {"type": "length_band", "high": 1200},
]
GATES = [COMPONENTS["json_schema"], {"type": "prohibited_content", "phrases": PHRASES}, {"type": "personal_data"}]

Pair = tuple[Sample, str]


def responses(sample: Sample) -> list[str]:
    """Eight responses to one sample, as a policy in training gives them: three right, four half right, one cut."""
    right = sample.reference_text or "{}"
    items = items_of(right, "comments") or []

    def changed(**fields: str) -> str:
        return json.dumps({"comments": [{**item, **fields} for item in items]}, ensure_ascii=False)

    first = items[0]["text_excerpt"] if items else "no text at all"
    return [
        right,
        right,
        right,
        changed(text_excerpt="The parties agree on words that stand nowhere in this contract."),
        changed(text_excerpt=first.replace("e", "ee", 1)),
        json.dumps({"comments": items * 2}, ensure_ascii=False),
        '{"comments":[]}',
        right[: int(len(right) * 0.8)],
    ]


def fresh(pairs: Sequence[Pair], *, read: bool) -> list[tuple[Sample, Rollout]]:
    """New rollouts, whose JSON was `read` already or not."""
    policy = Policy(name="bench")
    rollouts = [
        (sample, Rollout(id=f"r{number}", sample_id=sample.id, policy=policy, response=text))
        for number, (sample, text) in enumerate(pairs)
    ]
    for _, rollout in rollouts if read else ():
        _ = rollout.answer
    return rollouts


def of_component(part: dict[str, Any], pairs: Sequence[Pair], folder: Path) -> Callable[[], float]:
    """CPU seconds of the component alone."""
    base = folder if "python" in part["type"] else TASK
    reward = build_reward(RewardConfig.model_validate({"terms": [part]}), None, base)
    component = reward._others[0]  # noqa: SLF001 (its own cost, without the sum around it)

    async def all_of(rollouts: list[tuple[Sample, Rollout]]) -> float:
        start = time.process_time()
        for sample, rollout in rollouts:
            await component.score(sample, rollout)
        return time.process_time() - start

    return lambda: asyncio.run(all_of(fresh(pairs, read=True)))


def of_reading(pairs: Sequence[Pair]) -> float:
    """CPU seconds of reading the JSON, strictly."""
    rollouts = fresh(pairs, read=False)
    start = time.process_time()
    for _, rollout in rollouts:
        _ = rollout.answer
    return time.process_time() - start


def of_reward(reward: CompositeReward, pairs: Sequence[Pair]) -> float:
    """CPU seconds of whole rewards, one rollout after the other as they come from a sampler."""

    async def all_of(rollouts: list[tuple[Sample, Rollout]]) -> float:
        start = time.process_time()
        for sample, rollout in rollouts:
            await reward.score(sample, rollout)
        return time.process_time() - start

    return asyncio.run(all_of(fresh(pairs, read=False)))


def yardsticks(pairs: Sequence[Pair]) -> dict[str, Callable[[], float]]:
    """The bare libraries on the same responses."""
    validator = jsonschema_rs.validator_for(json.loads((TASK / "response.schema.json").read_text()))
    language = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    texts = [text for _, text in pairs]
    parsed = [value for text in texts if (value := _loads(text)) is not None]
    quotes = [
        (str(item.get("text_excerpt")), sample.text("target_document") or "")
        for sample, text in pairs
        for item in items_of(text, "comments") or []
    ]

    def timed(work: Callable[[Any], object], inputs: Sequence[Any]) -> Callable[[], float]:
        def run() -> float:
            start = time.process_time()
            for one in inputs:
                work(one)
            return time.process_time() - start

        return run

    return {
        "json.loads alone": timed(_loads, texts),
        "jsonschema-rs alone": timed(validator.is_valid, parsed),
        "rapidfuzz alone (all quotes)": timed(
            lambda pair: fuzz.partial_ratio_alignment(*pair, score_cutoff=90), quotes
        ),
        "py3langid alone": timed(language.rank, texts),
    }


def _loads(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _work(terms: list[dict[str, Any]], gates: list[dict[str, Any]], pairs: list[Pair]) -> int:
    """One process's share."""
    of_reward(build_reward(RewardConfig.model_validate({"gates": gates, "terms": terms}), None, TASK), pairs)
    return len(pairs)


def two_cores(terms: list[dict[str, Any]], gates: list[dict[str, Any]], pairs: list[Pair], rounds: int) -> float:
    """Rollouts a second of wall time with two processes."""
    rates = []
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_work, [terms] * 2, [gates] * 2, [pairs[:16]] * 2))
        for _ in range(rounds):
            start = time.perf_counter()
            done = sum(pool.map(_work, [terms] * 2, [gates] * 2, [pairs, pairs]))
            rates.append(done / (time.perf_counter() - start))
    return statistics.median(rates)


def of_peer(python: str, pairs: Sequence[Pair], rounds: int) -> dict[str, float]:
    """Median CPU seconds of eval-protocol's functions, by name."""
    job = {
        "rounds": rounds,
        "schema": json.loads((TASK / "response.schema.json").read_text()),
        "pairs": [[sample.messages[-1].content, text] for sample, text in pairs],
    }
    done = subprocess.run([python, PEER], input=json.dumps(job), capture_output=True, text=True, check=True)  # noqa: S603 (the user's own interpreter)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--peer", help="Python of an environment with eval-protocol")
    options = parser.parse_args()
    samples = split_samples(load_task(TASK / "task.yaml"), "train", options.samples)
    pairs = [(sample, text) for sample in samples for text in responses(sample)]
    own = [{"type": "quote_in_document"}, {"type": "set_match", "both_empty": 0.85}, {"type": "duplicates"}]
    wholes = {
        "contract-review's own (schema, quote, set, duplicates)": (own, GATES[:1]),
        "three gates and six terms": (CHEAP, GATES),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "own.py").write_text("def score(response, sample):\n    return float('comment' in response)\n")
        lines = {"reading the JSON": lambda: of_reading(pairs)}
        lines |= {label: of_component(part, pairs, folder) for label, part in COMPONENTS.items()}
        lines |= yardsticks(pairs)
        for label, (terms, gates) in wholes.items():
            reward = build_reward(RewardConfig.model_validate({"gates": gates, "terms": terms}), None, TASK)
            lines[label] = lambda reward=reward: of_reward(reward, pairs)
        found: dict[str, list[float]] = {label: [] for label in lines}
        for _ in range(options.rounds):
            for label, line in lines.items():
                found[label].append(line())
    size = statistics.mean(len(text) for _, text in pairs)
    print(f"{len(pairs)} rollouts of {size:.0f} characters, {options.rounds} rounds\n")
    print(f"{'line':56} {'us a rollout':>12} {'a CPU-second':>13}")
    for label, seconds in found.items():
        median = statistics.median(seconds)
        print(f"{label:56} {median / len(pairs) * 1e6:>12.1f} {len(pairs) / median:>13,.0f}")
    if options.peer:
        for label, median in of_peer(options.peer, pairs, options.rounds).items():
            print(f"{'eval-protocol ' + label:56} {median / len(pairs) * 1e6:>12.1f} {len(pairs) / median:>13,.0f}")
    print()
    for label, (terms, gates) in wholes.items():
        rate = two_cores(terms, gates, pairs, options.rounds)
        print(f"{label}, two processes: {rate:,.0f} rollouts a second of wall time")


if __name__ == "__main__":
    main()
