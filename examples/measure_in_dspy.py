"""In DSPy: is what a program answers grounded in its context, and is it right? Needs the extra dspy."""

import dspy

from crossjudge.integrations.dspy import CorrectMetric, GroundedMetric

CONTEXT = ["The ferry Alma was built in 1974. She carries 240 passengers and 40 cars.", "Dogs travel free."]
EXAMPLES = [
    dspy.Example(question="When was the Alma built?", answer="It was built in 1974.").with_inputs("question"),
    dspy.Example(question="How many passengers does she carry?", answer="240 passengers.").with_inputs("question"),
]
SAID = {
    "When was the Alma built?": "The Alma was built in 1974.",
    "How many passengers does she carry?": "The Alma carries 300 passengers.",
}


class Program(dspy.Module):
    """Stands for your own program, which would ask a language model."""

    def forward(self, question: str) -> dspy.Prediction:
        """The answer, and the context it was written from."""
        return dspy.Prediction(context=CONTEXT, answer=SAID[question])


for name, metric in (("grounded", GroundedMetric()), ("correct", CorrectMetric())):
    result = dspy.Evaluate(devset=EXAMPLES, metric=metric)(Program())
    print(name, result.score, [round(score, 2) for _, _, score in result.results])

told = GroundedMetric()(EXAMPLES[1], Program()(question=EXAMPLES[1].question), pred_name="predict")  # as GEPA asks
print(told.feedback)
