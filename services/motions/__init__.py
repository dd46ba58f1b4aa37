"""Motions: what nobody does alone is moved by one person and carried by another.

A kind of motion is one `MotionType` (`services/motions/moving.py`), declared where the act itself is and named in
`services/motions/types.py`. `move` keeps a motion and asks everybody who may be the second person; `carry`, `agree` and
`refuse` decide it. What it is about is asked again at every press: whose it is, who gains, whether appeals stand on it.
"""
