"""Lastclick: people on the last click of an AI support workflow."""

__version__ = "0.1.0"
