// From what stands in the fields to the body of a request.

// What a field holds is not what the request takes; the server is not asked.
class Slip extends Error {}

function lines(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

// "late: Something arrived late." is a name and a statement; a line without a name is its own.
function named(text) {
  const found = new Map();
  for (const line of lines(text)) {
    const [name, statement] = parted(line) ?? [line, line];
    if (found.has(name)) throw new Slip(`Two lines are named “${name}”. Give each a name of its own.`);
    found.set(name, statement);
  }
  return Object.fromEntries(found);
}

// Bare names, for the server's own template, or names with statements: a label set is of one kind.
function labels(text) {
  const all = lines(text);
  const bare = all.filter((line) => parted(line) === null);
  if (bare.length === all.length) return all;
  if (bare.length > 0) {
    throw new Slip(`“${bare[0]}” has no statement, as other labels have. State each (“late: It is late.”), or none.`);
  }
  return named(text);
}

function parted(line) {
  const parts = /^([^:]{1,60}):\s+(\S.*)$/.exec(line);
  return parts && [parts[1].trim(), parts[2]];
}

// A line of three dashes begins another source.
function sources(text) {
  const parts = text.split(/^[ \t]*---[ \t]*$/m).map((part) => part.replace(/^\n|\n$/g, ""));
  const filled = parts.filter((part) => part.trim());
  return filled.length > 1 ? filled : text;
}

function inShell(path, body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  const key = keptKey() ? ` \\\n  -H "Authorization: Bearer $CROSSJUDGE_KEY"` : "";
  const streamed = body.stream ? "N" : "";
  const address = new URL(path, location.href.split("#")[0]).href;
  return `curl -s${streamed} ${address} \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${quoted}'`;
}

