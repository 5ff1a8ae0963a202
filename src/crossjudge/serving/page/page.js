// The page put together: tabs, the model, the key, colours, and what the keyboard does.
const modelChoice = document.getElementById("model");
const keyDialog = document.getElementById("keys");
const keyField = document.getElementById("key");
const keyButton = document.getElementById("key-button");

const surroundings = { model: () => modelChoice.value, refused: (error) => askForKey(error.message) };
const panels = new Map(USES.map((use) => [use.id, new Panel(use, surroundings)]));

// ---------------------------------------------------------------------------------------------------------- tabs

function tabOf({ id, name }) {
  const attributes = { id: `tab-${id}`, "aria-controls": `panel-${id}`, "data-use": id };
  return make("button", { type: "button", role: "tab", ...attributes }, name);
}

const tabs = USES.map(tabOf);
document.getElementById("tabs").append(...tabs);
document.getElementById("panels").append(...[...panels.values()].map((panel) => panel.element));

function select(id, { focus = false } = {}) {
  for (const tab of tabs) {
    const chosen = tab.dataset.use === id;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    panels.get(tab.dataset.use).element.hidden = !chosen;
    if (chosen) scrollSideways(tab);
    if (chosen && focus) tab.focus({ preventScroll: true });
  }
}

function scrollSideways(tab) {
  const strip = tab.parentElement;
  strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
}

function selected() {
  return panels.get(tabs.find((tab) => tab.getAttribute("aria-selected") === "true").dataset.use);
}

function go(id, how) {
  select(id, how);
  history.replaceState(null, "", `#use=${id}`);
}

document.getElementById("tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) go(tab.dataset.use);
});
document.getElementById("tabs").addEventListener("keydown", (event) => {
  const place = tabs.indexOf(event.target);
  const steps = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: -1 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  go(tabs.at(steps[event.key] % tabs.length).dataset.use, { focus: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !keyDialog.open) {
    event.preventDefault();
    selected().run();
  } else if (event.key === "Escape" && !keyDialog.open) {
    selected().stop();
  }
});

// --------------------------------------------------------------------------------------------------------- links

let wantedModel = null;

function follow(fragment) {
  const held = heldBy(fragment);
  if (!held) return false;
  if (Object.keys(held.values).length > 0) panels.get(held.use.id).fill(held.values);
  wantedModel = held.model;
  chooseModel();
  select(held.use.id);
  return true;
}

addEventListener("hashchange", () => follow(location.hash));

// --------------------------------------------------------------------------------------------------------- model

async function listModels() {
  try {
    const answer = await ask("v1/models");
    const { data } = await answer.json();
    const byUse = make("option", { value: "" }, "the one for each use");
    modelChoice.replaceChildren(byUse, ...data.map((one) => make("option", { value: one.id }, one.id)));
    chooseModel();
  } catch (error) {
    if (error.needsKey) askForKey(error.message);
    else note(error.message);
  }
}

function chooseModel() {
  if (!wantedModel || modelChoice.options.length === 0) return;
  if ([...modelChoice.options].some((option) => option.value === wantedModel)) modelChoice.value = wantedModel;
  else note(`This server has no model called ${wantedModel}; the link is shown with ${modelChoice.selectedOptions[0].text}.`);
  wantedModel = null;
}

// ----------------------------------------------------------------------------------------------------------- key

function askForKey(message) {
  keyButton.hidden = false;
  keyDialog.querySelector("[role=alert]").textContent = message;
  if (!keyDialog.open) keyDialog.showModal();
  keyField.focus();
}

keyButton.hidden = !keptKey();
keyButton.addEventListener("click", () => askForKey(""));
keyDialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = keyField.value.trim();
  if (!isSendable(key)) {
    askForKey(UNSENDABLE);
    return;
  }
  keepKey(key);
  keyField.value = "";
  keyDialog.close();
  listModels();
});
document.getElementById("forget").addEventListener("click", () => {
  keepKey(null);
  location.reload();
});
document.getElementById("keys-close").addEventListener("click", () => keyDialog.close());

// -------------------------------------------------------------------------------------------------------- colours

const themeButton = document.getElementById("theme");

function nameTheme() {
  themeButton.textContent = `Colours: ${shownTheme()}`;
}

themeButton.addEventListener("click", () => {
  chooseTheme(THEMES[(THEMES.indexOf(shownTheme()) + 1) % THEMES.length]);
  nameTheme();
});

nameTheme();
if (!follow(location.hash)) select(USES[0].id);
listModels();
