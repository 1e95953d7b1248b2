"""Is this judge fit to train on? Agreement with known answers, consistency, and the passport that records both."""
