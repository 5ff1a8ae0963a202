"""English words of the closed classes, as far as questions need them: auxiliaries, determiners, prepositions."""

from __future__ import annotations

DO = {"do", "does", "did"}
BE = {"is", "are", "was", "were"}
HAVE = {"has", "have", "had"}
OTHER_AUXILIARIES = {"can", "could", "will", "would", "should", "must", "may", "might", *HAVE}
AUXILIARIES = DO | BE | OTHER_AUXILIARIES

DETERMINERS = {"the", "a", "an", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their",
               "each", "every", "some", "any", "all", "no"}  # fmt: skip
PRONOUNS = {"i", "you", "he", "she", "it", "we", "they", "there", "everyone", "everybody"}
PREPOSITIONS = {"in", "on", "at", "by", "from", "to", "with", "for", "of", "during", "under", "near", "about", "after",
                "before", "since", "until", "into", "over", "inside", "outside", "behind", "between", "next", "because",
                "through", "within", "around"}  # fmt: skip
RELATIVES = {"who", "whom", "whose", "which", "that", "where", "when"}
ADVERBS = {"first", "last", "originally", "usually", "now", "currently", "still", "also", "ever", "finally", "often",
           "not", "never", "always", "officially", "initially"}  # fmt: skip
