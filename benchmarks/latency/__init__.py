"""A whole session, replay to subscriber, over real LSL and ZeroMQ; see README.md."""
