"""The gate on production metrics, the model card, and the folder that leaves the house."""
