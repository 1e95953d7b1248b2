"""Other trainers' requests and answers: one small file each, and a line in `registry`."""
