"""Search: documents found by their words and by their meaning, and put in order by a cross-encoder."""
