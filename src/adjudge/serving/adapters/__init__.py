"""The reward inside other people's trainers: one file a trainer, each around a `door.Door`."""
