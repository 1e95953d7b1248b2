"""From rewards to weights: advantages, losses, the backend protocol, the local engine, SFT and GRPO loops.

Knows nothing of judges, monitoring or files of a run: rewards come from a `RewardFunction`, events go to an
`Observer`, checkpoints to a folder it is given.
"""
