"""Losses, one a file, and the table of their names."""
