"""What is done on time rather than on an update."""
