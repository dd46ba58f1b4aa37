"""Requests as their students read them, and the words that both sides use."""
