"""Faults that no test of their rule notices yet: each wants a test, and then moves into its table."""

from tests.faults.fault import Fault

MISSED: tuple[Fault, ...] = ()
