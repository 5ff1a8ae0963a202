// What is asked of the server, and what it answers or refuses. Addresses are relative: a proxy may put a path before.

// The server's words, or ours where it said nothing.
class Refusal extends Error {
  constructor({ message, type = "", status = 0, requestId = "", retryAfter = "" }) {
    super(message);
    Object.assign(this, { type, status, requestId, retryAfter });
  }

  get needsKey() {
    return this.status === 401;
  }
}

async function ask(path, body, { signal } = {}) {
  const request = {
    method: body === undefined ? "GET" : "POST",
    headers: authorization(keptKey()),
    cache: "no-store",
    signal,
  };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const answer = await fetch(path, request).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ message: "The server did not answer. It may have been stopped, or cannot be reached." });
  });
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

// Each dialect has its own shape of an error; the route of re-ranking speaks Cohere's.
async function refusalOf(answer) {
  const told = await answer.json().catch(() => ({}));
  return new Refusal({
    message: told.error?.message ?? told.message ?? "The server said no more than this status.",
    type: told.error?.type,
    status: answer.status,
    requestId: answer.headers.get("X-Request-ID") ?? "",
    retryAfter: answer.headers.get("Retry-After") ?? "",
  });
}

// Server-sent events as [name, data]; the event `error` is thrown.
async function* eventsOf(answer) {
  let waiting = "";
  for await (const piece of piecesOf(answer.body.pipeThrough(new TextDecoderStream()))) {
    const blocks = (waiting + piece).split("\n\n");
    waiting = blocks.pop();
    for (const block of blocks.filter((one) => one.startsWith("event: "))) {
      const [name, data] = block.split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
      const value = JSON.parse(data);
      if (name === "error") throw new Refusal({ ...value.error, requestId: value.error.request_id });
      yield [name, value];
    }
  }
}

function brokenOff() {
  return new Refusal({ message: "The connection broke off before the answer was whole. Ask again." });
}

// Not every browser can iterate over a stream by itself.
async function* piecesOf(stream) {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (error) {
    throw error.name === "AbortError" ? error : brokenOff();
  } finally {
    reader.cancel().catch(() => {});
  }
}

