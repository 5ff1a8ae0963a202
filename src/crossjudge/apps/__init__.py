"""What judgements are for: tags, checked claims, picked answers, scores, guarded texts and grades."""
