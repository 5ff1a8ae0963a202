// The parts that several answers are shown with.
const SIGNS = { good: "✓", bad: "✗", open: "○", unread: "…" };

function sign(tone) {
  return make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone]);
}

// A word in the colour of what it means; the sign says it too, for whoever does not see the colour.
function chip(words, tone) {
  return make("strong", { class: `chip ${tone}` }, sign(tone), words);
}

function headline(words, tone, summary) {
  return make("div", { class: "headline" }, chip(words, tone), summary && make("p", {}, summary));
}

// One number from 0 to 1: its name, a bar, the number, and what there is to say about it. Faint: it decided nothing.
function measure(name, value, { tone = "", notes = [], faint = false } = {}) {
  const fill = make("span", { class: "fill" });
  fill.style.setProperty("--share", Math.min(1, Math.max(0, value)));
  return make(
    "li",
    { class: present(["measure", tone, faint && "faint"]).join(" ") },
    make("span", { class: "name", dir: "auto" }, tone && sign(tone), name),
    make("span", { class: "track", "aria-hidden": "true" }, fill),
    make("span", { class: "number" }, share(value)),
    present(notes).map((note) => make("p", { dir: "auto" }, note)),
  );
}

function measures(rows) {
  return make("ul", { class: "measures" }, rows);
}

// A text in which places stand out: `places` have start and end, and `dress(text, place)` makes their element.
function dressed(text, places, dress) {
  const whole = new Characters(text);
  const content = [];
  let done = 0;
  for (const place of [...places].sort((one, other) => one.start - other.start || one.end - other.end)) {
    if (place.start < done) continue;
    content.push(whole.between(done, place.start), dress(whole.between(place.start, place.end), place));
    done = place.end;
  }
  return [...content, whole.between(done, whole.length)];
}

// How long it took, what was read for it, and by whom.
function facts({ answer, milliseconds, firstMilliseconds }) {
  const usage = answer.usage ?? {};
  const tokens = usage.tokens ?? usage.total_tokens;
  const told = [
    firstMilliseconds !== undefined && `${duration(firstMilliseconds)} to the first`,
    duration(milliseconds),
    tokens !== undefined && counted(tokens, "token"),
    usage.pairs !== undefined && counted(usage.pairs, "pair"),
    answer.model,
  ];
  return make("p", { class: "told", title: answer.fingerprint && `fingerprint ${answer.fingerprint}` }, spaced(told));
}

// Short facts on one line, broken between them only.
function spaced(told) {
  const facts = present(told).map((one, place) => [place > 0 && " · ", make("span", {}, one)]);
  return make("span", { class: "facts" }, facts);
}

function refusalShown(error) {
  const known = [
    error.status ? `status ${error.status}` : "",
    error.type ?? "",
    error.retryAfter ? `try again in ${error.retryAfter} s` : "",
    error.requestId ? `request ${error.requestId}` : "",
  ];
  return make(
    "div",
    { class: "refusal", role: "alert" },
    make("strong", {}, error instanceof Slip ? "Not asked" : "No answer"),
    make("p", {}, error.message),
    make("p", {}, spaced(known)),
  );
}

