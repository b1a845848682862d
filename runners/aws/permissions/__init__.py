"""Which permissions the catalog needs in AWS, on what, and whether they are there."""
