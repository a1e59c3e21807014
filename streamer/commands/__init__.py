"""One module per command of `nem2e`, imported when it is called, and what several share."""
