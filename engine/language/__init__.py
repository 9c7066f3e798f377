"""The mapping language: what stands in YAML becomes Python functions and SQL."""
