"""From the bytes of a file somebody sent to the rows of its sheets, in a process of its own with limits.

What is here runs there: it needs no more than the standard library and the reader of workbooks, and tells what it read
as `told.py` says. `services/tabular` starts it and knows what it means.
"""
