"""Our own routes: a file for each family of them."""
