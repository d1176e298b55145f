"""Mutants that no test can notice, each with the reason: the changed rule means the same."""

EQUIVALENT: dict[str, str] = {}
