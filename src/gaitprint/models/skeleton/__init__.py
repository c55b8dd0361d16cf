"""Stages that the networks on skeletons are made of, one a file."""
