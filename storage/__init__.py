"""What is remembered: the nouns, the catalog, the journal, the logs, the locks and the approvals."""
