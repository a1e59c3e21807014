"""Between a command and its user: lines, errors, files to write, the live table."""
