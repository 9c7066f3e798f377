"""Pages of docs/ that are written from what they document."""
