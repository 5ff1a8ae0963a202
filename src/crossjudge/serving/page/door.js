// The door: asks for a key, and lets the page in where the server takes it.
const form = document.querySelector("form");
const field = document.querySelector("input");
const trouble = document.querySelector("[role=alert]");

function ask(message) {
  trouble.textContent = message;
  document.querySelector("main").hidden = false;
  field.focus();
}

async function enter(key) {
  const answer = await fetch(location.pathname, { headers: { ...authorization(key), Accept: "application/json" } });
  if (answer.ok) {
    keepKey(key);
    letIn(await answer.text());
  } else {
    const { error } = await answer.json();
    ask(error.message);
  }
}

// The page takes this document's place; its scripts are the ones that our policy knows, so they run.
function letIn(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.documentElement.replaceWith(document.adoptNode(page.documentElement));
  for (const asleep of document.querySelectorAll("script:not([type])")) {
    const script = document.createElement("script");
    script.textContent = asleep.textContent;
    asleep.replaceWith(script);
  }
}

async function tryKey(key) {
  if (!isSendable(key)) {
    ask(UNSENDABLE);
    return;
  }
  try {
    await enter(key);
  } catch {
    ask("The server did not answer. Try again.");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tryKey(field.value.trim());
});

if (keptKey()) tryKey(keptKey());
else ask("");
