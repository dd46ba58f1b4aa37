"""The regulations as pure functions and dated, cited parameters."""
