"""Muscles: their paths, their forces, and the activations that make the moments."""
