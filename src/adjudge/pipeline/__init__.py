"""The whole job in order: baseline, judge, train, evaluate, release. Resumable, told as a story, written to one folder.

Reads ``task.yaml``, wires the layers below, and owns nothing of what they do: no prompt, no loss, no metric.
"""
