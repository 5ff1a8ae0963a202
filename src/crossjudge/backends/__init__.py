"""Batches become logits: one file per engine, all passing the same contract."""
