"""Lives of Qliro orders, by name and as a seeded mixture."""
