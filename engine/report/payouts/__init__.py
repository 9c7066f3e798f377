"""The payout report: what was sold, charged and paid out, and what is open, as typed data."""
