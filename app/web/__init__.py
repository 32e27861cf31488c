"""What surrounds every request, and what every page gets."""
