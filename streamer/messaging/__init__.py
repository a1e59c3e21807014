"""ZeroMQ: the messages, who sends them and who reads them."""
