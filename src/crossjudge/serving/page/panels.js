// A tab's panel: its fields, what can be done with them, and the answer beside them.
class Panel {
  constructor(use, { model, refused }) {
    Object.assign(this, { use, model, refused });
    this.fields = new Map(use.fields.map((field) => [field.name, fieldOf(use, field)]));
    this.submit = make("button", { type: "submit", class: "primary" }, use.act);
    this.form = make("form", {}, [...this.fields.values()].map((one) => one.row), this.actions());
    this.outcome = make("section", { class: "outcome", "aria-label": "Answer" });
    this.said = make("p", { class: "unseen", role: "status" });
    const panel = { id: `panel-${use.id}`, role: "tabpanel", "aria-labelledby": `tab-${use.id}`, hidden: true };
    this.element = make(
      "div",
      { class: "panel", ...panel },
      make("h2", {}, use.question),
      make("div", { class: "columns" }, this.form, this.outcome),
      this.said,
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.running) this.stop();
      else this.run();
    });
    this.fill(EXAMPLES[use.id]);
    this.empty();
  }

  actions() {
    const action = (words, act) => {
      const button = make("button", { type: "button" }, words);
      button.addEventListener("click", act);
      return button;
    };
    return make(
      "div",
      { class: "actions" },
      this.submit,
      make("kbd", { "aria-hidden": "true" }, navigator.platform.startsWith("Mac") ? "⌘ ↵" : "Ctrl ↵"),
      make(
        "span",
        { class: "others" },
        action("Example", () => this.fill(EXAMPLES[this.use.id])),
        action("Clear", () => this.clear()),
        action("Copy link", () => copied(linkTo(this.use, this.values, this.model()), "The link")),
      ),
    );
  }

  get values() {
    return Object.fromEntries([...this.fields].map(([name, { control }]) => [name, control.value]));
  }

  fill(values) {
    for (const [name, { control }] of this.fields) control.value = values[name] ?? initial(control);
  }

  clear() {
    this.fill({});
    this.stop();
    this.empty();
    this.fields.values().next().value.control.focus();
  }

  empty() {
    const legend = this.use.legend?.();
    const invitation = make("p", {}, `Press ${this.use.act} to see the answer here.`);
    this.outcome.replaceChildren(make("div", { class: "nothing" }, invitation, legend));
  }

  stop() {
    this.running?.abort();
  }

  // Asks, and gives up on what was asked before; a run that is stopped leaves what has come so far.
  async run() {
    this.stop();
    const running = new AbortController();
    this.busy(running);
    try {
      await this.asked(running.signal);
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error);
    } finally {
      if (this.running === running) this.busy(null);
    }
  }

  busy(running) {
    this.running = running;
    this.submit.textContent = running ? "Stop" : this.use.act;
    this.outcome.setAttribute("aria-busy", String(Boolean(running)));
  }

  async asked(signal) {
    const model = this.model();
    const body = { ...this.use.body(this.values), ...(model ? { model } : {}) };
    const started = performance.now();
    const answer = await ask(this.use.path, body, { signal });
    const found = body.stream ? await this.streamed(answer, body, started) : { answer: await answer.json() };
    const milliseconds = performance.now() - started;
    if (!body.stream) this.draw(this.use.show(found.answer, body));
    this.outcome.append(facts({ ...found, milliseconds }), wire(this.use.path, body, found.answer));
    this.said.textContent = this.outcome.querySelector(".headline")?.textContent ?? "";
  }

  // A checked answer, drawn while it comes.
  async streamed(answer, body, started) {
    const shown = new CheckedAnswer(body);
    this.draw(shown.content);
    let firstMilliseconds;
    let last = {};
    try {
      for await (const [name, data] of eventsOf(answer)) {
        firstMilliseconds ??= performance.now() - started;
        last = data;
        if (name === "claim") shown.add(data);
        else shown.end(data);
      }
      if (!last.decision) throw brokenOff();
    } catch (error) {
      shown.stop();
      if (error.name === "AbortError" || shown.claims.length === 0) throw error;
      this.outcome.append(refusalShown(error)); // below what had come before
    }
    return { answer: { ...last, claims: shown.claims }, firstMilliseconds };
  }

  draw(content) {
    this.outcome.replaceChildren(...present(content));
    this.reveal();
  }

  fail(error) {
    this.draw(refusalShown(error));
    if (error.needsKey) this.refused(error);
  }

  // On a narrow screen the answer is below what can be seen.
  reveal() {
    const { top } = this.outcome.getBoundingClientRect();
    if (top > innerHeight - 120) this.outcome.scrollIntoView({ block: "start" });
  }
}

function fieldOf(use, field) {
  const id = `${use.id}-${field.name}`;
  const control = field.options ? choiceOf(id, field.options) : textOf(id, field);
  const hint = field.hint && make("span", { class: "hint", id: `${id}-hint` }, field.hint);
  return { control, row: make("div", { class: "field" }, make("label", { for: id }, field.label), hint, control) };
}

function choiceOf(id, options) {
  return make("select", { id }, Object.entries(options).map(([value, words]) => make("option", { value }, words)));
}

function textOf(id, { lines, hint }) {
  const described = hint && `${id}-hint`;
  const area = make("textarea", { id, rows: lines, dir: "auto", spellcheck: "false", "aria-describedby": described });
  area.style.setProperty("--lines", lines);
  return area;
}

function initial(control) {
  return control.tagName === "SELECT" ? control.options[0].value : "";
}

// The request and its answer as they went over the wire.
function wire(path, body, answer) {
  const command = inShell(path, body);
  const copy = make("button", { type: "button" }, "Copy as curl");
  copy.addEventListener("click", () => copied(command, "The command"));
  return make(
    "details",
    {},
    make("summary", {}, "As a program sees it"),
    copy,
    make("pre", { tabindex: "0" }, command),
    make("pre", { tabindex: "0" }, JSON.stringify(answer, null, 2)),
  );
}

// To the clipboard; where the browser has none for us, a link goes to the address bar.
async function copied(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    note(`${what} is copied.`);
  } catch {
    if (text.startsWith(location.href.split("#")[0])) {
      history.replaceState(null, "", text);
      note(`${what} is in the address bar.`);
    } else {
      note("This browser does not let the page copy. Select the text instead.");
    }
  }
}

let fading;

function note(words) {
  const place = document.getElementById("note");
  place.textContent = words;
  clearTimeout(fading);
  fading = setTimeout(() => place.replaceChildren(), 4000);
}

