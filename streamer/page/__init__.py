"""The biofeedback page: a running session in a browser."""

from streamer.page.server import make_app, serve

__all__ = ["make_app", "serve"]
