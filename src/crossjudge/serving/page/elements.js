// Elements out of plain values. A text becomes a text node, never markup.
function make(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(attribute, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...present(content));
  return made;
}

// Content without what was left out: a condition's false, null, an empty text.
function present(content) {
  return [content].flat(Infinity).filter((one) => one instanceof Node || (typeof one === "string" && one !== ""));
}

// A text whose characters are counted as the server counts them: whole ones, where JavaScript's own strings count
// some (an emoji, say) as two.
class Characters {
  constructor(text) {
    this.all = Array.from(text);
  }

  get length() {
    return this.all.length;
  }

  between(start, end) {
    return this.all.slice(start, end).join("");
  }
}

function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function share(value) {
  return value.toFixed(2);
}

function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

