"""What may be asked: the grammar, the words, who may do what, and one file per command."""
