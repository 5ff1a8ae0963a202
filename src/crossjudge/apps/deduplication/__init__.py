"""Finding texts that say the same: near pairs from a bi-encoder, decided by a cross-encoder, gathered into clusters."""
