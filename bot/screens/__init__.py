"""One module per feature: texts, buttons, callback data."""
