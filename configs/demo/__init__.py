"""The embedded demo subject: a sagittal walker built by a script from published numbers."""
