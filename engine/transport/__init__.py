"""HTTP: one request out, one answer in, at the allowed pace, with its signature."""
