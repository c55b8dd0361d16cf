"""Walkers without a data set: parametric or recorded motion, bodies, a camera, and a renderer."""
