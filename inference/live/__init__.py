"""The network frame by frame, as a session steps it; nothing here needs torch."""
