"""In LangChain: retrieved documents re-ranked, and a tool that tags messages. Needs the extra langchain."""

from langchain_core.documents import Document
from langchain_core.messages.tool import tool_call

from crossjudge.integrations.langchain import CrossjudgeRerank, CrossjudgeTagger

RETRIEVED = [
    Document("A sourdough starter is fed with flour and water once a day.", metadata={"source": "starter.md"}),
    Document("Bread stays fresh longest in a cloth bag at room temperature.", metadata={"source": "bread.md"}),
    Document("The bakery on the corner opens at seven.", metadata={"source": "town.md"}),
]

rerank = CrossjudgeRerank(top_n=2)
for document in rerank.compress_documents(RETRIEVED, "How do I keep bread fresh?"):
    print(f"{document.metadata['relevance_score']:6.2f}  {document.metadata['source']:10}  {document.page_content}")

tool = CrossjudgeTagger(["a plumbing problem", "an invoice", "an appointment"])
asked = tool_call(name=tool.name, args={"text": "Water is leaking under my sink."}, id="1")  # by a language model
message = tool.invoke(asked)
print(f"\nThe language model reads: {message.content}")
print(f"The program gets: {message.artifact.chosen}")
