"""Training: what is taught, by which rules, and the networks that come of it."""
