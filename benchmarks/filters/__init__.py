"""Delay against accuracy of the causal filters, over recorded trials."""
