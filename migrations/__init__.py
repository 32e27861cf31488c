"""The history of the database's schema, one file of `versions` for each step."""
