"""The sandbox's Qliro: its Admin API, its orders, settlements and pushes."""
