"""Where a session is found; apart, because the command line starts with it and nothing else."""

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5556"
"""Where estimates are published unless the configuration says otherwise."""
