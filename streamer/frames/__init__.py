"""When a frame comes and which forces belong to it, live and over a recording alike."""
