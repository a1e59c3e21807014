"""From a person's own EMG to a correction that is theirs."""
