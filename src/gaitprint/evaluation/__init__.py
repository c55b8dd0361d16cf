"""Embedding walks, protocols, metrics."""
