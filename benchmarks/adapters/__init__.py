"""One file a library: each gives it pairs in the way that its own documentation does, and nothing more clever.

An adapter is a class. `Adapter(folder, threads=N, **options)` opens the checkpoint in `folder`; `scale` says what its
scores are, "logits" or "probability"; `score(pairs)` gives a row of scores for each pair, in order; `watch(seen)` has
`seen` called with the tokens of every batch that is computed from then on, padding included.

These files run in the environments of the libraries, so they import nothing of crossjudge's.
"""
