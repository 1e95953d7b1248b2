"""The command line: reads arguments, calls the pipeline, prints. No work of its own, and no heavy import at start."""
