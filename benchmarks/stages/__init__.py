"""Every stage of a frame by itself, under pytest-benchmark; see README.md."""
