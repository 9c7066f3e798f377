"""What can be known beforehand: lint, the checks, the way to going live."""
