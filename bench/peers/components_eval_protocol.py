"""eval-protocol's own reward functions on our responses: its JSON schema, length, repetition and language ones.

Reads a job from stdin, prints {name: median CPU seconds} as the last line. Runs in an environment of its own.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable

# Its client for models would otherwise look for prices on the network when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from eval_protocol.models import Message
from eval_protocol.rewards.json_schema import json_schema_reward
from eval_protocol.rewards.language_consistency import language_consistency_reward
from eval_protocol.rewards.length import length_reward
from eval_protocol.rewards.repetition import repetition_penalty_reward

JOB = json.load(sys.stdin)
CASES = [
    [Message(role="user", content=prompt), Message(role="assistant", content=text)] for prompt, text in JOB["pairs"]
]
FUNCTIONS: dict[str, Callable[[list[Message]], object]] = {
    "json_schema_reward": lambda case: json_schema_reward(case, expected_schema=JOB["schema"]),
    "length_reward": lambda case: length_reward(case, max_length=1200),
    "repetition_penalty_reward": lambda case: repetition_penalty_reward(case, ngram_size=4),
    "language_consistency_reward": lambda case: language_consistency_reward(case, ground_truth=None),
}


def seconds_of(function: Callable[[list[Message]], object]) -> float:
    """CPU seconds over all cases."""
    start = time.process_time()
    for case in CASES:
        function(case)
    return time.process_time() - start


if __name__ == "__main__":
    found: dict[str, list[float]] = {name: [] for name in FUNCTIONS}
    for _ in range(JOB["rounds"]):
        for name, function in FUNCTIONS.items():
            found[name].append(seconds_of(function))
    print(json.dumps({name: statistics.median(seconds) for name, seconds in found.items()}))
