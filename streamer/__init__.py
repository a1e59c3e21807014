"""Everything that touches a wire, a clock or a file format.

LSL in, ZeroMQ out, replay, recorder, page and the command line.
"""
