"""Inverse dynamics: from motion and forces to the moments of the joints."""
