"""The payout report as pages, sheets and rows, in Swedish or English."""
