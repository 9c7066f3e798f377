"""What a mapping engineer works with: it reads, and never sends."""
