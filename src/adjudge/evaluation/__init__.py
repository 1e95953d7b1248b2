"""How good a policy is: hard metrics, comparisons, statistics."""
