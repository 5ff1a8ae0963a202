"""In LlamaIndex: nodes re-ranked in a query engine, and its response evaluated. Needs the extra llamaindex."""

from llama_index.core import Response, get_response_synthesizer
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from crossjudge.integrations.llamaindex import CrossjudgeFaithfulnessEvaluator, CrossjudgeRerank

TEXTS = [
    "The kitchen closes an hour before arrival.",
    "The ferry Alma was built in 1974. She carries 240 passengers and 40 cars.",
    "Dogs travel free.",
]


class Shelf(BaseRetriever):
    """Stands for your own retriever: finds everything, in no particular order."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in TEXTS]


engine = RetrieverQueryEngine(
    Shelf(),
    response_synthesizer=get_response_synthesizer(llm=MockLLM()),  # stands for your own language model
    node_postprocessors=[CrossjudgeRerank(top_n=2)],
)
found = engine.query("How many passengers does the Alma carry?").source_nodes
for node in found:
    print(f"{node.score:6.2f}  {node.text}")

evaluator = CrossjudgeFaithfulnessEvaluator()
written = Response("The Alma was built in 1974. She carries 300 passengers.", source_nodes=found)
result = evaluator.evaluate_response(response=written)
print(f"\nscore {result.score}, passing: {result.passing}\n{result.feedback}")
