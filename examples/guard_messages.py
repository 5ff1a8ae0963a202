"""May this message pass? Policies in plain words, patterns beside the model, and a text without what was found."""

from __future__ import annotations

from crossjudge import Guardrail

POLICIES = {
    "private": "This text contains no email addresses, no phone numbers and no credit card numbers.",
    "civil": "This text does not contain insults or personal attacks.",
}

MESSAGES = [
    "The parcel came on Monday, and the kettle works well.",
    "Please refund it to 4111 1111 1111 1111 and write to jo.lind@example.org.",
    "Only an idiot like you could sell such a kettle.",
]


def main() -> None:
    """Check all messages in one batch."""
    guardrail = Guardrail(POLICIES)
    for message, result in zip(MESSAGES, guardrail.batch(MESSAGES), strict=True):
        print(f"{result.decision:<7}{result.redacted(message)}")
        for name, check in result.checks.items():
            found = ", ".join(message[span.start : span.end] for span in check.spans)
            print(f"{'':<7}{name:<8} {check.score:.2f} {'passed' if check.passed else 'failed'}  {found}".rstrip())


if __name__ == "__main__":
    main()
