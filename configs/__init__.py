"""Rigs and sessions, one YAML each, and the embedded demo subject."""
