"""What the cases of a mapping set reach of its rules, and what they assert on."""
