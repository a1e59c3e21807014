"""Pages of numbers: tables, figures, and what stands between the marks of a page in docs."""
