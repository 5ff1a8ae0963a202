// Dark or light: as the system has it, unless the reader chose.
const THEMES = ["system", "light", "dark"];
const THEME_PLACE = "crossjudge-theme";

function keptTheme() {
  try {
    const stored = localStorage.getItem(THEME_PLACE);
    return THEMES.includes(stored) ? stored : "system";
  } catch {
    return "system"; // a browser may be told to keep nothing
  }
}

function shownTheme() {
  return document.documentElement.dataset.theme ?? "system";
}

function useTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

function chooseTheme(name) {
  useTheme(name);
  try {
    localStorage.setItem(THEME_PLACE, name);
  } catch {
    // it holds until the page is left
  }
}

useTheme(keptTheme());

