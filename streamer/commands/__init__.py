"""One module per command of `nem2e`, imported when its command is called."""
