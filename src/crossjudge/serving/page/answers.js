// How the answer of each use is shown; checking has a file of its own. Each takes one result and what was asked.
const LABELS = {
  entailment: ["It follows", "good"],
  contradiction: ["It is contradicted", "bad"],
  neutral: ["It is left open", "open"],
  similar: ["They are alike", "good"],
  not_similar: ["They are not alike", "open"],
  duplicate: ["They say the same", "good"],
  not_duplicate: ["They do not say the same", "open"],
  relevant: ["It is relevant", "good"],
  not_relevant: ["It is not relevant", "open"],
};

function unread(tokens) {
  return tokens ? `${counted(tokens, "token")} not read.` : "";
}

function showVerdict(verdict) {
  const [words, tone] = LABELS[verdict.label] ?? [verdict.label, "open"];
  const bySureness = Object.entries(verdict.probabilities).sort(([, one], [, other]) => other - one);
  const bars = bySureness.map(([label, value]) =>
    measure(label.replaceAll("_", " "), value, { faint: label !== verdict.label }));
  return [headline(words, tone, unread(verdict.tokens_dropped)), measures(bars)];
}

function showTags(result) {
  const chosen = new Set(result.chosen);
  const bySureness = [...result.tags].sort((one, other) => other.probability - one.probability);
  return [
    headline(
      chosen.size ? result.chosen.join(", ") : "No label fits",
      chosen.size ? "good" : "open",
      `${chosen.size} of ${counted(result.tags.length, "label")}`,
    ),
    measures(
      bySureness.map((tag) =>
        measure(tag.name, tag.probability, { notes: tag.hypothesis, faint: !chosen.has(tag.name) })),
    ),
  ];
}

const DECISIONS = { ALLOW: ["Allow", "good"], BLOCK: ["Block", "bad"], REVIEW: ["A person should look", "open"] };

function showGuard(result, asked) {
  const checks = Object.entries(result.checks);
  const failed = checks.filter(([, check]) => !check.passed).length;
  const policies = counted(checks.length, "policy", "policies");
  const bars = checks.map(([name, check]) => {
    const notes = [asked.policies[name], policyNote(check)];
    return measure(name, check.score, { tone: check.passed ? "good" : "bad", notes });
  });
  return [
    headline(...DECISIONS[result.decision], failed > 0 && `${failed} of ${policies} failed`),
    make("div", { class: "text", dir: "auto" }, dressed(asked.text, foundIn(result), foundMark)),
    measures(bars),
  ];
}

// What the recognisers found; several policies may have failed by the same.
function foundIn(result) {
  const spans = Object.values(result.checks).flatMap((check) => check.spans);
  return new Map(spans.map((span) => [`${span.start} ${span.kind}`, span])).values();
}

function foundMark(text, span) {
  return make("mark", { class: "found" }, text, make("small", {}, span.kind));
}

function policyNote(check) {
  const kinds = [...new Set(check.spans.map((span) => span.kind))];
  return present([
    check.passed ? "Passed." : kinds.length ? `Failed: found ${kinds.join(" and ")}.` : "Failed.",
    check.abstained && "The model is unsure.",
    unread(check.tokens_dropped),
  ]).join(" ");
}

const GRADES = { CORRECT: ["Correct", "good"], PARTIAL: ["Partly correct", "open"], INCORRECT: ["Incorrect", "bad"] };

function showGrade(result) {
  const bars = Object.entries(GRADES).map(([grade, [words]]) =>
    measure(words, result.probabilities[grade] ?? 0, { faint: grade !== result.grade }));
  const summary = present([`score ${share(result.score)}`, unread(result.tokens_dropped)]).join("; ");
  return [
    headline(...GRADES[result.grade], summary),
    measures(bars),
    result.missing.length > 0 && [make("h3", {}, "The reference also says"), plainList(result.missing)],
  ];
}

function plainList(texts) {
  return make("ul", { class: "plain" }, texts.map((text) => make("li", { dir: "auto" }, text)));
}

function showPicked(result) {
  return [
    headline(
      result.abstained ? "The text does not answer it" : result.best,
      result.abstained ? "open" : "good",
      present([result.abstained && `nearest: ${result.best}.`, unread(result.tokens_dropped)]).join(" "),
    ),
    measures(
      result.ranking.map(([candidate, value], place) =>
        measure(candidate, value, { notes: result.hypotheses[place], faint: place > 0 || result.abstained })),
    ),
  ];
}

function showScores(result) {
  return [
    make("p", { class: "figure" }, make("strong", {}, share(result.overall)), " overall"),
    measures(result.criteria.map((one) => measure(one.name, one.score, { notes: [one.criterion, one.explanation] }))),
  ];
}

// The route of re-ranking answers as a whole; the others have one result in a list.
function showRanking(answer, asked) {
  return make("ol", { class: "ranking" }, answer.results.map((one, place) =>
    make(
      "li",
      {},
      make("span", { class: "number" }, share(one.relevance_score)),
      make("span", { dir: "auto" }, asked.documents[one.index]),
      make("small", {}, one.index === place ? "where it was" : `was number ${one.index + 1}`),
    )));
}

function showClusters(result, asked) {
  const together = result.clusters.filter((cluster) => cluster.texts > 1);
  const alone = result.clusters.filter((cluster) => cluster.texts === 1);
  const repeated = result.texts - result.clusters.length;
  return [
    headline(
      repeated ? `${counted(repeated, "text")} repeated` : "Nothing is repeated",
      repeated ? "good" : "open",
      `${result.clusters.length} of ${counted(result.texts, "text")} would be kept`,
    ),
    together.map((cluster) => clusterShown(cluster, asked)),
    alone.length > 0 && [
      make("h3", {}, "Said once"), plainList(alone.map((cluster) => asked.texts[cluster.representative])),
    ],
  ];
}

function clusterShown(cluster, asked) {
  const kept = cluster.representative;
  const others = cluster.indices.filter((one) => one !== kept);
  const list = plainList([kept, ...others].map((one) => asked.texts[one]));
  list.firstChild.append(make("small", {}, "keep"));
  const link = cluster.weakest_link === null ? "copies" : `weakest link ${share(cluster.weakest_link)}`;
  return make("div", { class: "cluster" }, list, spaced([link]));
}

