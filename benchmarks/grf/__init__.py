"""How far predicted ground reaction is from force plates."""
