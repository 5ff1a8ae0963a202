"""English words of the closed classes, as far as questions need them: auxiliaries, determiners, prepositions."""

from __future__ import annotations

DO = {"do", "does", "did"}
BE = {"is", "are", "was", "were"}
HAVE = {"has", "have", "had"}
OTHER_AUXILIARIES = {"can", "could", "will", "would", "should", "must", "may", "might", *HAVE}
DENIED = {
    **{f"{one}n't": one for one in (*DO, *BE, *HAVE, "could", "would", "should", "must", "might")},
    **{"can't": "can", "cannot": "can", "won't": "will"},
}
"""Auxiliary with its "not" -> without."""
AUXILIARIES = DO | BE | OTHER_AUXILIARIES

DETERMINERS = {"the", "a", "an", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their",
               "each", "every", "some", "any", "all", "no"}  # fmt: skip
PRONOUNS = {"i", "you", "he", "she", "it", "we", "they", "there", "everyone", "everybody"}
PREPOSITIONS = {"in", "on", "at", "by", "from", "to", "with", "for", "of", "during", "under", "near", "about", "after",
                "before", "since", "until", "into", "over", "inside", "outside", "behind", "between", "next", "because",
                "through", "within", "around"}  # fmt: skip
CONJUNCTIONS = {"when", "while", "if", "because", "although", "though", "unless", "whenever"}
RELATIVES = {"who", "whom", "whose", "which", "that", "where", "when"}
ADVERBS = {"first", "last", "originally", "usually", "now", "currently", "still", "also", "ever", "finally", "often",
           "not", "never", "always", "officially", "initially"}  # fmt: skip
