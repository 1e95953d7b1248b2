"""Weights on disk and in memory: pull, cache, load, shared-prefix forward pass, group sampling, LoRA.

Needs the extra ``[train]``; nothing here is imported before a local model is asked for.
"""
