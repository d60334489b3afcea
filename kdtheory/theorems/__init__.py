"""The theorem rooms, one per family of statements."""
