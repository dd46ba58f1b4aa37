"""Use cases: load facts, ask the policy, save, return the decision."""
