// Links that hold a tab, its texts and the model behind the #, which stays in the browser.
function linkTo(use, values, model) {
  const held = new URLSearchParams({ use: use.id, ...values });
  if (model) held.set("model", model);
  return `${location.href.split("#")[0]}#${held}`;
}

// What a link holds: `use`, the values of its fields, `model`; null where it holds none of ours.
function heldBy(fragment) {
  const held = new URLSearchParams(fragment.replace(/^#/, ""));
  const use = USES.find((one) => one.id === held.get("use"));
  if (!use) return null;
  const stated = use.fields.map((field) => field.name).filter((name) => held.has(name));
  return { use, values: Object.fromEntries(stated.map((name) => [name, held.get(name)])), model: held.get("model") };
}

