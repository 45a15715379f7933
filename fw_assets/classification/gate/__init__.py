"""Deploy gate: whether the winner is served, by the test rows. Imports `selection`, which does not import it."""
