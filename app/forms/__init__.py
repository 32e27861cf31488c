"""What somebody typed, and whether it is allowed."""
