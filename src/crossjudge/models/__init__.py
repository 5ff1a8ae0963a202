"""Weights get a name: checkpoints, graphs, and the encoders that run them."""
