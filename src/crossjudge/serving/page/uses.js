// The uses: a tab each, what its fields are, what is asked of which route, and how the answer is shown.
const firstResult = (show) => (answer, asked) => show(answer.results[0], asked);

const STATEMENTS = "one a line: name, colon, statement";

const USES = [
  {
    id: "check",
    name: "Check",
    question: "Is each sentence of an answer supported by its source?",
    act: "Check",
    fields: [
      { name: "source", label: "Source", lines: 6, hint: "a line of --- begins another" },
      { name: "answer", label: "Answer", lines: 4 },
    ],
    path: "v1/check",
    body: (of) => ({ source: sources(of.source), answer: of.answer, stream: true }),
    legend: checkingLegend,
  },
  {
    id: "judge",
    name: "Pair",
    question: "Does one text follow from another?",
    act: "Judge",
    fields: [
      { name: "text_a", label: "First text", lines: 3 },
      { name: "text_b", label: "Second text", lines: 3 },
      {
        name: "objective",
        label: "Asked",
        options: {
          nli: "Does the second follow from the first?",
          duplicate: "Do both say the same?",
          similarity: "Are they alike?",
          relevance: "Does the second answer the first?",
        },
      },
    ],
    path: "v1/judge",
    body: (of) => ({ text_a: of.text_a, text_b: of.text_b, objective: of.objective }),
    show: firstResult(showVerdict),
  },
  {
    id: "tag",
    name: "Tags",
    question: "Which labels fit a text?",
    act: "Tag",
    fields: [
      { name: "text", label: "Text", lines: 5 },
      { name: "labels", label: "Labels", lines: 5, hint: "one a line: a word, or name, colon, statement" },
    ],
    path: "v1/tag",
    body: (of) => ({ text: of.text, labels: labels(of.labels) }),
    show: firstResult(showTags),
  },
  {
    id: "guard",
    name: "Guardrails",
    question: "May this message pass?",
    act: "Guard",
    fields: [
      { name: "text", label: "Message", lines: 4 },
      { name: "policies", label: "Policies", lines: 5, hint: STATEMENTS },
    ],
    path: "v1/guard",
    body: (of) => ({ text: of.text, policies: named(of.policies) }),
    show: firstResult(showGuard),
  },
  {
    id: "grade",
    name: "Grading",
    question: "Is a student’s answer right?",
    act: "Grade",
    fields: [
      { name: "question", label: "Question", lines: 2, hint: "may be left out" },
      { name: "reference", label: "Reference answer", lines: 3 },
      { name: "answer", label: "Student’s answer", lines: 3 },
    ],
    path: "v1/grade",
    body: (of) => ({ reference: of.reference, answer: of.answer, question: of.question.trim() ? of.question : null }),
    show: firstResult(showGrade),
  },
  {
    id: "answer",
    name: "Answering",
    question: "Which candidate answers the question?",
    act: "Pick",
    fields: [
      { name: "context", label: "Text", lines: 5 },
      { name: "question", label: "Question", lines: 2 },
      { name: "candidates", label: "Candidates", lines: 4, hint: "one a line" },
    ],
    path: "v1/answer",
    body: (of) => ({ context: of.context, question: of.question, candidates: lines(of.candidates) }),
    show: firstResult(showPicked),
  },
  {
    id: "rubric",
    name: "Rubric",
    question: "How well does a response meet a rubric?",
    act: "Score",
    fields: [
      { name: "request", label: "Request", lines: 2 },
      { name: "response", label: "Response", lines: 4 },
      { name: "rubric", label: "Rubric", lines: 5, hint: STATEMENTS },
    ],
    path: "v1/score-rubric",
    body: (of) => ({ request: of.request, response: of.response, rubric: named(of.rubric) }),
    show: firstResult(showScores),
  },
  {
    id: "rerank",
    name: "Re-ranking",
    question: "Which passages answer a query best?",
    act: "Rank",
    fields: [
      { name: "query", label: "Query", lines: 2 },
      { name: "documents", label: "Passages", lines: 8, hint: "one a line" },
    ],
    path: "v1/rerank",
    body: (of) => ({ query: of.query, documents: lines(of.documents), return_documents: false }),
    show: showRanking,
  },
  {
    id: "dedupe",
    name: "Duplicates",
    question: "Which texts say the same?",
    act: "Compare",
    fields: [{ name: "texts", label: "Texts", lines: 8, hint: "one a line" }],
    path: "v1/dedupe",
    body: (of) => ({ texts: lines(of.texts) }),
    show: firstResult(showClusters),
  },
];

const EXAMPLES = JSON.parse(document.getElementById("examples").textContent);

