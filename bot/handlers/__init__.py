"""One module per feature: what is done with an update."""
