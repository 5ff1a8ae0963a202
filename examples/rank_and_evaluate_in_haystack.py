"""In Haystack: a pipeline that re-ranks, and one that evaluates answers. Needs the extra haystack."""

import os

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")  # Haystack reports its use unless told otherwise

from haystack import Document, Pipeline

from crossjudge.integrations.haystack import CrossjudgeFaithfulnessEvaluator, CrossjudgeRanker

RETRIEVED = [
    Document(content="The kitchen closes an hour before arrival."),
    Document(content="The ferry Alma was built in 1974. She carries 240 passengers and 40 cars."),
    Document(content="Dogs travel free."),
]

ranking = Pipeline()
ranking.add_component("ranker", CrossjudgeRanker(top_k=2))
asked = {"query": "How many passengers does the Alma carry?", "documents": RETRIEVED}
found = ranking.run({"ranker": asked})["ranker"]["documents"]
for document in found:
    print(f"{document.score:6.2f}  {document.content}")

evaluation = Pipeline()
evaluation.add_component("faithfulness", CrossjudgeFaithfulnessEvaluator())
contexts = [[document.content for document in found]] * 2
answers = ["The Alma was built in 1974. She carries 300 passengers.", "The Alma carries 240 passengers."]
result = evaluation.run({"faithfulness": {"contexts": contexts, "predicted_answers": answers}})["faithfulness"]
print(f"\nmean score {result['score']}")
for answer, one in zip(answers, result["results"], strict=True):
    print(f"{one['score']}  {answer}\n     {one['feedback']}")
