"""Is what an answer says supported by its sources? Each sentence gets an outcome, and where the evidence stands."""

from crossjudge import ClaimChecker

SOURCES = [
    "The ferry Alma was built in 1974. She carries 240 passengers and 40 cars.",
    "Dogs travel free. The kitchen closes an hour before arrival.",
]
ANSWER = "The Alma was built in 1974. She carries 300 passengers. Dogs pay half the fare."

checker = ClaimChecker()
report = checker(SOURCES, ANSWER)
for claim in report.claims:
    print(f"{claim.outcome:13} {claim.claim}")
    for kind, evidence in (("for", claim.evidence), ("against", claim.counter_evidence)):
        if evidence is not None:
            print(f"              {kind}: {evidence.text} (source {evidence.source_index + 1})")
    for flag in claim.flags:
        print(f"              look again: {flag.kind} {flag.text}")

print("\nThe same while the answer is being written:")
for claim in checker.stream(SOURCES, iter(ANSWER.split(" ")[:1] + [f" {word}" for word in ANSWER.split(" ")[1:]])):
    print(f"{claim.outcome:13} {claim.claim}")
