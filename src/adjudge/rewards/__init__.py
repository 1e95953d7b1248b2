"""Gates, terms, the failure policy, and the one number: `composite.CompositeReward`, built by `registry.build_reward`.

Nothing heavy is imported here; one component, one file, one line in the registry.
"""
