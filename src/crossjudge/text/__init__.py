"""Text becomes batches: pure Python and numpy."""
