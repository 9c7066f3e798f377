"""Carries actions out, exactly once, and finds again what may have been carried out."""
