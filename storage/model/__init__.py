"""The nouns: pure, frozen data; nothing here knows a database, a network or a vendor."""
