"""Requests of students about their exams: filed, reviewed, decided, with everything each step owes to both sides."""
