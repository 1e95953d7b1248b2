"""Model endpoints: a request goes in, a completion or a typed failure comes out. Nothing here knows what a judge is."""
