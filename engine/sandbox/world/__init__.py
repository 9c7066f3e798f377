"""The sandbox's state: a company in Fortnox, a merchant at Qliro, clock, journal."""
