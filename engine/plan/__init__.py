"""What is to be done: outcomes for every line, order and payout, and their actions."""
