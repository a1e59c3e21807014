"""What a mistake in the laboratory costs."""
