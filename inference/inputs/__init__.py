"""From the bridge's frames to the rows of numbers that the network sees."""
