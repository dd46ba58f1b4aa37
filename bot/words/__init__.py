"""Words that several features say alike: of courses and marks, times, requests, desks, the records, whom to ask.

They import no screen and no feature.
"""
