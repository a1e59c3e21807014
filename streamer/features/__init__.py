"""Feature records: trials through the bridge, kept for training and judgement."""
