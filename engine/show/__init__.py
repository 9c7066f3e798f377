"""What people and programs get to see: one module for each thing shown."""
