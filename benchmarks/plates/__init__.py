"""Whose foot is on a plate, found from motion, beside what is known."""
