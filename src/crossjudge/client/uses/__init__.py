"""What is asked of the routes, a file for each use; who holds the connection does the asking."""
