"""Reading the catalog file: from YAML text to nouns, every problem with its place."""
