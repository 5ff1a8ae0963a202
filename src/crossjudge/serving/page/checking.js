// A checked answer: its sentences in the colour of their outcome, and what the sources say about the chosen one.
const OUTCOMES = {
  supported: ["supported", "good"],
  contradicted: ["contradicted", "bad"],
  not_mentioned: ["not mentioned", "open"],
  unread: ["unread", "unread"],
};

class CheckedAnswer {
  constructor(asked) {
    this.answer = new Characters(asked.answer);
    this.sources = [asked.source].flat().map((source) => new Characters(source));
    this.claims = [];
    this.marks = [];
    this.done = 0;
    this.kept = -1;
    this.headline = make("div", { class: "headline" }, chip("Checking", "unread"), make("p", {}, "\u00a0"));
    this.rest = make("span", { class: "rest" }, asked.answer);
    const group = { role: "group", "aria-label": "The answer, sentence by sentence" };
    this.sentences = make("div", { class: "text sentences", dir: "auto", ...group }, this.rest);
    this.detail = make("div", { class: "detail", "aria-live": "polite" });
    this.boxes = this.sources.map((_, index) => sourceBox(index));
    this.drawSources();
    this.listen();
  }

  // What is there from the start; it fills as claims come.
  get content() {
    const heading = make("h3", {}, this.sources.length > 1 ? "The sources" : "The source");
    return [this.headline, this.sentences, this.detail, heading, this.boxes];
  }

  add(claim) {
    const place = this.claims.push(claim) - 1;
    const mark = this.markOf(claim, place);
    this.marks.push(mark);
    this.rest.before(this.answer.between(this.done, claim.start), mark);
    this.rest.replaceChildren(this.answer.between(claim.end, this.answer.length));
    this.done = claim.end;
    this.headline.lastChild.textContent = `${counted(this.claims.length, "sentence")} so far`;
    this.drawSources();
    if (this.kept === -1) this.keep(0);
    else this.show(this.kept);
  }

  // The report: how the whole answer stands. The gravest sentence is shown, unless the reader has chosen one.
  end(report) {
    const [words, tone] = OUTCOMES[report.decision];
    const supported = this.claims.filter((claim) => claim.outcome === "supported").length;
    const whole = supported === this.claims.length ? "Supported throughout" : `Something is ${words}`;
    this.head(whole, tone, `${supported} of ${counted(this.claims.length, "sentence")} supported`);
    if (!this.chosen) this.keep(this.claims.findIndex((claim) => claim.outcome === report.decision));
  }

  // It was broken off.
  stop() {
    this.head("Stopped", "unread", `${counted(this.claims.length, "sentence")} checked`);
  }

  head(words, tone, summary) {
    this.headline.replaceChildren(...headline(words, tone, summary).childNodes);
  }

  markOf(claim, place) {
    const [words, tone] = OUTCOMES[claim.outcome];
    const flagged = claim.flags.filter((flag) => flag.kind !== "overstated");
    const button = { role: "button", tabindex: "-1", "aria-pressed": "false", "aria-description": words };
    return make(
      "mark",
      { class: `claim ${tone}`, "data-place": place, ...button },
      sign(tone),
      dressed(claim.claim, flagged, (text) => make("u", {}, text)),
      claim.flags.length > 0 && make("span", { class: "flag", "aria-hidden": "true" }, "⚑"),
    );
  }

  // Pointing shows a sentence; focus, a click or a tap keeps it.
  listen() {
    const placeOf = (event) => Number(event.target.closest(".claim")?.dataset.place ?? -1);
    const listen = (name, act) => this.sentences.addEventListener(name, act);
    listen("pointerover", (event) => event.pointerType === "mouse" && placeOf(event) >= 0 && this.show(placeOf(event)));
    listen("pointerleave", () => this.kept >= 0 && this.show(this.kept));
    listen("focusin", (event) => this.choose(placeOf(event)));
    listen("click", (event) => this.choose(placeOf(event)));
    listen("keydown", (event) => this.move(event, placeOf(event)));
  }

  move(event, place) {
    const [last, next, previous] = [this.marks.length - 1, place + 1, place - 1];
    const steps = {
      ArrowRight: next, ArrowDown: next, ArrowLeft: previous, ArrowUp: previous, Home: 0, End: last, " ": place,
    };
    if (!(event.key in steps) || place < 0) return;
    event.preventDefault();
    this.marks[Math.min(last, Math.max(0, steps[event.key]))].focus();
  }

  choose(place) {
    if (place < 0) return;
    this.chosen = true;
    this.keep(place);
  }

  keep(place) {
    this.kept = place;
    this.marks.forEach((mark, at) => {
      mark.tabIndex = at === place ? 0 : -1;
      mark.setAttribute("aria-pressed", String(at === place));
    });
    this.show(place);
  }

  show(place) {
    const claim = this.claims[place];
    this.marks.forEach((mark, at) => mark.classList.toggle("current", at === place));
    if (this.detailed !== claim) this.detail.replaceChildren(...present(claimDetail(claim, this.sources.length > 1)));
    this.detailed = claim;
    this.lightUp(claim);
  }

  // The sources, cut wherever evidence of any claim begins or ends, so that lighting it up moves nothing.
  drawSources() {
    this.segments = this.sources.flatMap((source, index) => this.segmentsOf(source, index));
    this.boxes.forEach((box, index) => {
      box.replaceChildren(...this.segments.filter((one) => one.index === index).map((one) => one.element));
    });
  }

  segmentsOf(source, index) {
    const places = this.claims.flatMap(evidenceOf).filter((place) => place.source_index === index);
    const cuts = new Set([0, source.length, ...places.flatMap((place) => [place.start, place.end])]);
    const [, ...ends] = [...cuts].sort((one, other) => one - other);
    let start = 0;
    return ends.map((end) => {
      const segment = { index, start, end, element: make("span", {}, source.between(start, end)) };
      start = end;
      return segment;
    });
  }

  lightUp(claim) {
    const lit = (evidence, segment) => withJoined(evidence).some((place) => covers(place, segment));
    const sides = [[claim.evidence, "for"], [claim.counter_evidence, "against"]];
    const [[decisive, side], [other, otherSide]] = claim.outcome === "contradicted" ? sides.reverse() : sides;
    for (const segment of this.segments) {
      if (lit(decisive, segment)) segment.element.className = `${side} decides`;
      else segment.element.className = lit(other, segment) ? otherSide : "";
    }
    const first = this.segments.find((one) => lit(decisive, one)) ?? this.segments.find((one) => lit(other, one));
    if (first) scrollWithin(this.boxes[first.index], first.element);
  }
}

function sourceBox(index) {
  const region = { role: "region", "aria-label": `Source ${index + 1}`, tabindex: "0" };
  return make("div", { class: "text source", dir: "auto", ...region });
}

function covers(place, segment) {
  return place.source_index === segment.index && place.start <= segment.start && segment.end <= place.end;
}

// Only the box scrolls, never the page.
function scrollWithin(box, element) {
  const above = element.offsetTop - box.offsetTop;
  if (above < box.scrollTop || above + element.offsetHeight > box.scrollTop + box.clientHeight) {
    box.scrollTop = Math.max(0, above - box.clientHeight / 3);
  }
}

function withJoined(evidence) {
  return evidence ? [evidence, ...withJoined(evidence.joined_with)] : [];
}

function evidenceOf(claim) {
  return [...withJoined(claim.evidence), ...withJoined(claim.counter_evidence)];
}

const LEANINGS = { entailment: "entailed", contradiction: "contradicted", neutral: "left open" };

function claimDetail(claim, several) {
  const [words, tone] = OUTCOMES[claim.outcome];
  const numbers = Object.entries(LEANINGS).map(([label, name]) => `${name} ${share(claim.probabilities[label])}`);
  const found = claim.evidence || claim.counter_evidence;
  return [
    make("p", { class: "claim-head" }, chip(words, tone), spaced(numbers)),
    quoted("Against", claim.counter_evidence, several),
    quoted("For", claim.evidence, several),
    !found && make("p", { class: "quiet" }, "Nothing in the source decides it."),
    claim.flags.map((flag) => make("p", {}, make("b", {}, "⚑ Look again "), flagInWords(flag, found))),
  ];
}

function quoted(side, evidence, several) {
  const places = withJoined(evidence).map((one) => [
    make("q", { dir: "auto" }, one.text), several ? ` (source ${one.source_index + 1}) ` : " ",
  ]);
  return evidence && make("p", {}, make("b", {}, `${side} `), places);
}

// `cited`: whether evidence decided the claim; where none did, every source was looked through.
function flagInWords(flag, cited) {
  if (flag.kind === "overstated") return `definite, where the source says “${flag.text}”`;
  if (!cited) return `the ${flag.kind} “${flag.text}” is in no source`;
  return `the ${flag.kind} “${flag.text}” is not in ${flag.kind === "name" ? "the source of the evidence" : "the evidence"}`;
}

// While nothing is checked: what the colours mean.
function checkingLegend() {
  const outcomes = Object.values(OUTCOMES).map(([words, tone]) => chip(words, tone));
  return make("p", { class: "legend" }, outcomes, make("span", {}, "⚑ look again"));
}

