"""In which language, and whose."""
