"""Merchant files: their schema, settings, secrets, rules, and the OSS table as CSV."""
