"""Formats that others own: rows, requests and replies are parsed here, never guessed at."""
