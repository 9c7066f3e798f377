"""What is to be done: outcomes for every line and payout, and the actions that deliver them."""
