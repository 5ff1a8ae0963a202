// The key to the server: kept for as long as this tab is open, and in this tab alone.
const KEY_PLACE = "crossjudge-key";
let heldKey = null; // for a browser that is told to keep nothing

function keptKey() {
  try {
    return sessionStorage.getItem(KEY_PLACE);
  } catch {
    return heldKey;
  }
}

function keepKey(key) {
  heldKey = key;
  try {
    if (key) sessionStorage.setItem(KEY_PLACE, key);
    else sessionStorage.removeItem(KEY_PLACE);
  } catch {
    // it holds until the page is left
  }
}

function authorization(key) {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

const UNSENDABLE = "A key is printable ASCII. Look at what was pasted.";

// Whether a header can carry it, as the server takes keys.
function isSendable(key) {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key);
}

