"""How work is done: the engine that walks a pipeline, and one file per kind of action."""
