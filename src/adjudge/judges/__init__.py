"""Judges: rubric + rollout -> prompt -> call -> reply -> checked evidence -> ``Verdict | JudgeFailure``."""
