"""A live session: the loop, its deadline and what it says of itself."""
