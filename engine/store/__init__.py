"""A merchant's database: tables and views, the ledger, what the books say."""
