"""Lab Streaming Layer: streams found, read, offered and replayed."""
