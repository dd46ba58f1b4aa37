"""Delivery: updates come in and messages go out, none lost and none twice; it knows no screen and no feature.

What words a message and what lays out a paper is handed to it (`sender.Wording`), and what a feature wants to see of an
update before it is stored (`updates.Intake`).
"""
