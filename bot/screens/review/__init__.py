"""The staff's side of requests: cards, opened cases, decisions, queues and papers."""
