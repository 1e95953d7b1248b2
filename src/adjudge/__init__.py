"""adjudge: reinforcement fine-tuning of language models with a language model as the judge."""

__version__ = "0.1.0"
