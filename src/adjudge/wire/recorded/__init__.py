"""Recorded judges of other people's studies, one file a set: folders as rows of the verdict table and of labels."""
