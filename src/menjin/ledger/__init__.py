"""What was done, kept for whoever must answer for it: one audit line a deed, and no personal data in it."""
