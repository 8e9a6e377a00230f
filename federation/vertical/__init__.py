"""Vertical federations: organisations that hold different columns about the same people."""
