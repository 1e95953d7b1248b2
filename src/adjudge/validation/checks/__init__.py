"""One check a file: a function of `Material` and its settings."""
