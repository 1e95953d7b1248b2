"""The regression suite of a judge: ``judge_tests.yaml``. One kind of test, one file."""
