"""The biofeedback page: a running session in a browser."""

from streamer.page.server import listen, serve

__all__ = ["listen", "serve"]
