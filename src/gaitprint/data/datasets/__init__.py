"""Readers of raw data sets, one a file, and the table of their names."""
