"""The bank proved: Qliro's payouts held against the entries of the bank's own statements."""
