"""A run, drawn: one graph of its pipeline, for the terminal and for a page of its own."""
