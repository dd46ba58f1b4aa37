"""The command line: puts the other packages together."""

__version__ = "0.1.0"
