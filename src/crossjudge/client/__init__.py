"""A client of `crossjudge serve`: the same uses and the same results as in Python, with the model elsewhere."""
