"""Texts that try to talk a judge into a better verdict, for tests; they live in `adjudge.judges.attacks`."""

from adjudge.judges.attacks import CHAT_TOKENS, IDS, Attack, attacks

__all__ = ["CHAT_TOKENS", "IDS", "Attack", "attacks"]
