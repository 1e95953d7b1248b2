"""The run folder: append-only JSONL with checksums, the journal of paid replies, the verdict table."""
