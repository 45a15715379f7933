"""Reading a person's instruction: deterministic patterns, and an account of every word that none explains."""
