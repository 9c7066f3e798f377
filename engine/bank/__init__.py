"""The bank's own statements, camt.053 and CSV: their booked entries, and whether they add up."""
