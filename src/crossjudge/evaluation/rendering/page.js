// What moves on the page: switches, the four figures, the worst pairs. Texts of users become text nodes, or pass
// `plain` where plotly reads a little markup; nothing here makes HTML of a string.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const chosen = (id) => Number(find(id).value);
  const state = { cut: null, view: "category", effect: "d" };
  root.classList.add("script");

  const percent = (share) => {
    const whole = Math.round(share * 100);
    if (share > 0 && whole === 0) return "<1%";
    return share < 1 && whole === 100 ? ">99%" : `${whole}%`;
  };
  const element = (name, content = [], attributes = {}) => {
    const made = document.createElement(name);
    made.append(...[content].flat());
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const wrapped = (text, width = 58) => {
    const lines = [""];
    for (const word of text.split(/\s+/)) {
      if (lines.at(-1) && lines.at(-1).length + word.length >= width) lines.push("");
      lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
    }
    const most = 8;
    return lines.slice(0, most).map(plain).join("<br>") + (lines.length > most ? " …" : "");
  };

  // ---------------------------------------------------------------------------------------------------- plotly

  const SETTINGS = { displayModeBar: false, responsive: true };
  const layout = (height, more) => ({
    height,
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("ink") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 8, r: 16, t: 8, b: 44 },
    hovermode: "closest",
    dragmode: false,
    showlegend: false,
    hoverlabel: {
      bgcolor: colour("surface"),
      bordercolor: colour("quiet"),
      font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 13 },
      align: "left",
    },
    ...more,
  });
  const axis = (more) => ({
    fixedrange: true,
    zeroline: false,
    gridcolor: colour("rule"),
    linecolor: colour("rule"),
    tickcolor: colour("rule"),
    title: { font: { size: 13, color: colour("quiet") }, standoff: 10 },
    ...more,
  });
  const shares = (title) => {
    const made = axis({ range: [-0.02, 1.02], tickvals: [0, 0.25, 0.5, 0.75, 1], tickformat: ".0%" });
    made.title.text = title;
    return made;
  };

  // ---------------------------------------------------------------------------------------------------- scores

  const isWrong = (pair, score, cut) =>
    pair.same !== null && cut !== null && cut !== undefined && score >= cut !== pair.same;
  // The same place for the same pair each time: a hash, not a throw of dice.
  const scatter = (place) => ((Math.imul(place + 1, 2654435761) >>> 8) % 1000) / 1000;

  const rowsToDraw = () => {
    if (state.view === "category") {
      const category = chosen("scores-category");
      return data.models.map((model) => ({ title: model.name, model, category }));
    }
    const model = data.models[chosen("scores-model")];
    return data.categories.map((category, place) => ({ title: category.title, model, category: place }));
  };

  const drawScores = () => {
    const rows = rowsToDraw();
    const all = [];
    const traces = rows.flatMap((row, place) => {
      const y = rows.length - 1 - place;
      const places = data.pairs.flatMap((pair, i) => (i < data.drawn && pair.c === row.category ? [i] : []));
      const values = places.map((i) => row.model.scores[i]);
      const cut = row.model.cuts[state.cut];
      const wrong = places.map((i, at) => isWrong(data.pairs[i], values[at], cut));
      const kind = colour({ bi_encoder: "bi", cross_encoder: "cross" }[row.model.kind] ?? "other");
      all.push(...values);
      const made = [];
      if (values.length > 4 && Math.max(...values) > Math.min(...values)) {
        made.push({
          type: "violin", orientation: "h", x: values, y0: y, side: "positive", width: 0.8, points: false,
          spanmode: "hard", line: { color: kind, width: 1 }, fillcolor: kind, opacity: 0.35, hoverinfo: "skip",
        });
      }
      if (cut !== null && cut !== undefined) {
        made.push({
          type: "scatter", mode: "lines", x: [cut, cut], y: [y - 0.36, y + 0.42], hoverinfo: "skip",
          line: { color: colour("ink"), width: 1.5 },
        });
      }
      made.push({
        type: "scatter",
        mode: "markers",
        x: values,
        y: places.map((i) => y - 0.08 - 0.26 * scatter(i)),
        customdata: places,
        marker: {
          size: wrong.map((one) => (one ? 7 : 6)),
          symbol: wrong.map((one) => (one ? "x-thin" : "circle")),
          color: wrong.map((one) => (one ? colour("wrong") : kind)),
          opacity: values.length > 400 ? 0.45 : 0.85,
          line: { width: wrong.map((one) => (one ? 1.8 : 0)), color: colour("wrong") },
        },
        text: places.map((i, at) =>
          `<b>${values[at].toFixed(3)}</b>  ${plain(data.pairs[i].id)}<br>${wrapped(data.pairs[i].a)}<br>` +
          `– ${wrapped(data.pairs[i].b)}`),
        hovertemplate: "%{text}<extra></extra>",
      });
      return made;
    });
    const low = Math.min(0, ...all);
    const high = Math.max(1, ...all);
    const x = axis({ range: [low - 0.02 * (high - low), high + 0.02 * (high - low)] });
    x.title.text = "score";
    Plotly.react("scores-figure", traces, layout(56 + 92 * rows.length, {
      violinmode: "overlay",
      xaxis: x,
      yaxis: { visible: false, fixedrange: true, range: [-0.5, rows.length - 0.2] },
      annotations: rows.map((row, place) => ({
        xref: "paper", x: 0, xanchor: "left", y: rows.length - 1 - place + 0.55, yanchor: "middle",
        text: plain(row.title), showarrow: false, font: { size: 13, color: colour("ink") },
        bgcolor: colour("paper"),
      })),
    }), SETTINGS);
    const plot = find("scores-figure");
    if (!plot.listening) {
      plot.listening = true;
      plot.on("plotly_click", (event) => {
        const place = event.points[0]?.customdata;
        if (place !== undefined) find("scores-pair").replaceChildren(...describe(data.pairs[place], null));
      });
    }
  };

  // ------------------------------------------------------------------------------------------------- thresholds

  const DASHES = ["solid", "solid", "solid", "dash", "dash", "dash", "dot", "dot", "dot", "dashdot"];

  const drawThresholds = () => {
    const model = data.models[chosen("threshold-model")];
    const { counts } = model;
    const at = Array.from({ length: data.steps + 1 }, (_, step) => step / data.steps);
    const traces = data.categories.flatMap((category, place) => {
      if (!counts.n[place] || category.allSame) return [];
      return [{
        type: "scatter", mode: "lines", name: plain(category.title), x: at,
        y: counts.wrong[place].map((wrong) => wrong / counts.n[place]),
        line: { color: colour(`line-${(place % 9) + 1}`), width: 2, dash: DASHES[place % DASHES.length] },
        hovertemplate: `${plain(category.title)}: %{y:.0%} wrong at %{x:.2f}<extra></extra>`,
      }];
    });
    if (counts.nKept) {
      traces.push({
        type: "scatter", mode: "lines", name: "Duplicates kept", x: at,
        y: counts.kept.map((kept) => kept / counts.nKept),
        line: { color: colour("ink"), width: 4 },
        hovertemplate: "%{y:.0%} of the duplicates kept at %{x:.2f}<extra></extra>",
      });
    }
    const x = axis({ range: [-0.01, 1.01], dtick: 0.1, tickformat: ".1f" });
    x.title.text = "threshold";
    const narrow = find("thresholds-figure").clientWidth < 560;
    if (narrow) x.dtick = 0.2;
    Plotly.react("thresholds-figure", traces, layout(narrow ? 560 : 440, {
      xaxis: x,
      yaxis: shares("share of pairs"),
      margin: { l: 56, r: 12, t: 8, b: narrow ? 190 : 48 },
      showlegend: true,
      legend: narrow ? { orientation: "h", y: -0.22, yanchor: "top", x: 0 } : { x: 1.02, y: 1 },
      shapes: [markerAt(Number(find("threshold").value))],
    }), SETTINGS);
    moveThreshold();
  };

  const markerAt = (value) => ({
    type: "line", xref: "x", yref: "paper", x0: value, x1: value, y0: 0, y1: 1,
    line: { color: colour("ink"), width: 1.5, dash: "dot" },
  });

  const moveThreshold = () => {
    const value = Number(find("threshold").value);
    find("threshold-value").textContent = value.toFixed(2);
    Plotly.relayout("thresholds-figure", { shapes: [markerAt(value)] });
    const step = Math.round(value * data.steps);
    const measured = data.models.filter((model) => model.counts);
    const shown = data.categories.map((_, place) => place)
      .filter((place) => measured[0].counts.n[place] && !data.categories[place].allSame);
    const head = element("tr", [
      element("th", "Model", { scope: "col", class: "word" }),
      element("th", "Duplicates kept", { scope: "col" }),
      ...shown.map((place) => element("th", data.categories[place].title, { scope: "col" })),
    ]);
    const body = measured.map((model) => {
      const { counts } = model;
      return element("tr", [
        element("th", element("code", model.name), { scope: "row", class: "word" }),
        element("td", counts.nKept ? percent(counts.kept[step] / counts.nKept) : "–"),
        ...shown.map((place) => {
          const share = counts.wrong[place][step] / counts.n[place];
          const cell = element("td", percent(share), { class: share >= 0.85 ? "heat dark" : "heat" });
          cell.style.setProperty("--shade", share.toFixed(3));
          return cell;
        }),
      ]);
    });
    const caption = element("caption", `Decided wrongly at ${value.toFixed(2)}, by every model`);
    find("thresholds-table").replaceChildren(
      element("table", [caption, element("thead", head), element("tbody", body)]),
    );
  };

  // ---------------------------------------------------------------------------------------- effects and the study

  const errors = (intervals) => ({
    type: "data", symmetric: false, thickness: 1.5, width: 4,
    array: intervals.map(([value, , high]) => (high === null ? 0 : high - value)),
    arrayminus: intervals.map(([value, low]) => (low === null ? 0 : value - low)),
  });
  const titlesAxis = (titles) => axis({
    tickvals: titles.map((_, place) => titles.length - 1 - place), ticktext: titles.map(plain),
    range: [-0.6, titles.length - 0.4], showgrid: false, automargin: true,
  });

  const drawEffects = () => {
    const titles = data.effects[0].rows.map((row) => row.title);
    const step = 0.6 / data.effects.length;
    const traces = data.effects.map((effect, place) => {
      const rows = effect.rows.flatMap((row, at) => (row[state.effect] ? [{ ...row, at }] : []));
      const intervals = rows.map((row) => row[state.effect]);
      const shift = (place - (data.effects.length - 1) / 2) * step;
      const own = colour(`line-${place + 1}`);
      return {
        type: "scatter", mode: "markers", name: plain(effect.second),
        x: intervals.map((one) => one[0]), y: rows.map((row) => titles.length - 1 - row.at - shift),
        error_x: { ...errors(intervals), color: own },
        marker: { color: own, size: 9, symbol: ["circle", "diamond", "square", "triangle-up"][place % 4] },
        text: rows.map((row, i) => `${plain(row.title)}, ${row.n} pairs<br>${plain(effect.first)} against ` +
          `${plain(effect.second)}: ${intervals[i].map((one) => (one === null ? "–" : one.toFixed(2))).join(", ")}`),
        hovertemplate: "%{text}<extra></extra>",
      };
    });
    const x = axis({ rangemode: "tozero", zeroline: true, zerolinecolor: colour("quiet"), zerolinewidth: 1.5 });
    x.title.text = state.effect === "d" ? "Cohen's d" : "Cliff's delta";
    if (state.effect === "delta") x.range = [-1.05, 1.05];
    // Where the screen is narrow the legend is a column.
    const legend = find("effects-figure").clientWidth < 640 ? 24 * data.effects.length : 34;
    const height = 76 + legend + titles.length * (22 + 16 * data.effects.length);
    Plotly.react("effects-figure", traces, layout(height, {
      xaxis: x, yaxis: titlesAxis(titles), margin: { l: 8, r: 16, t: 8, b: 50 + legend },
      showlegend: data.effects.length > 1, legend: { orientation: "h", y: 0, yref: "container", yanchor: "bottom", x: 0 },
    }), SETTINGS);
  };

  const drawStudy = () => {
    const titles = data.beside.map((one) => one.title);
    const y = titles.map((_, place) => titles.length - 1 - place);
    const ours = data.beside.map((one) => one.ours);
    const between = data.beside.flatMap((one, place) => [[one.ours[0], y[place]], [one.theirs, y[place]], [null, null]]);
    const traces = [
      { type: "scatter", mode: "lines", x: between.map((one) => one[0]), y: between.map((one) => one[1]),
        line: { color: colour("rule"), width: 6 }, hoverinfo: "skip" },
      { type: "scatter", mode: "markers", x: ours.map((one) => one[0]), y,
        error_x: { ...errors(ours), color: colour("cross") }, marker: { color: colour("cross"), size: 11 },
        text: data.beside.map((one) => `${plain(one.title)}, ${plain(one.metric)}<br>ours ${percent(one.ours[0])}`),
        hovertemplate: "%{text}<extra></extra>" },
      { type: "scatter", mode: "markers", x: data.beside.map((one) => one.theirs), y,
        marker: { color: colour("ink"), size: 11, symbol: "diamond-open", line: { width: 2 } },
        text: data.beside.map((one) => `${plain(one.title)}, ${plain(one.metric)}<br>the study's ${percent(one.theirs)}`),
        hovertemplate: "%{text}<extra></extra>" },
    ];
    const x = shares([...new Set(data.beside.map((one) => one.metric))].join(", "));
    Plotly.react("study-figure", traces, layout(76 + 38 * titles.length, {
      xaxis: x, yaxis: titlesAxis(titles), margin: { l: 8, r: 16, t: 8, b: 48 },
    }), SETTINGS);
  };

  // ------------------------------------------------------------------------------------------------------ pairs

  // Longest common subsequence of words: what is not in it is marked.
  const kept = (first, second) => {
    const table = Array.from({ length: first.length + 1 }, () => new Array(second.length + 1).fill(0));
    const same = (i, j) => first[i].toLowerCase() === second[j].toLowerCase();
    for (let i = first.length - 1; i >= 0; i -= 1) {
      for (let j = second.length - 1; j >= 0; j -= 1) {
        table[i][j] = same(i, j) ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
      }
    }
    const found = [new Set(), new Set()];
    for (let i = 0, j = 0; i < first.length && j < second.length;) {
      if (same(i, j)) {
        found[0].add(i); found[1].add(j); i += 1; j += 1;
      } else if (table[i + 1][j] >= table[i][j + 1]) i += 1;
      else j += 1;
    }
    return found;
  };
  const MOST_WORDS = 400;
  const marked = (pair) => {
    const words = [pair.a, pair.b].map((text) => text.match(/\p{L}[\p{L}\p{M}'’-]*|\p{N}[\p{N}.,]*|\s+|[^\s\p{L}\p{N}]+/gu) ?? []);
    if (words[0].length + words[1].length > 2 * MOST_WORDS) return [[pair.a], [pair.b]];
    const common = kept(words[0], words[1]);
    return words.map((list, side) => {
      const isMarked = (place) => place in list && !common[side].has(place) && list[place].trim() !== "";
      // White space between two marked words is marked with them.
      const within = (place) => isMarked(place) || (!list[place].trim() && isMarked(place - 1) && isMarked(place + 1));
      const runs = [];
      list.forEach((word, place) => {
        if (runs.length && runs.at(-1).marked === within(place)) runs.at(-1).text += word;
        else runs.push({ marked: within(place), text: word });
      });
      return runs.map((run) => (run.marked ? element("mark", run.text) : run.text));
    });
  };
  const describe = (pair, model) => {
    const [first, second] = marked(pair);
    const place = data.pairs.indexOf(pair);
    const models = model ? [model] : data.models;
    const gold = pair.same === null ? "no gold" : pair.same ? "a duplicate" : "no duplicate";
    const scores = models.map((one) => `${model ? "score" : one.name} ${one.scores[place].toFixed(3)}`).join(", ");
    const facts = `${scores} · ${gold} · ${pair.id}${pair.note ? ` · ${pair.note}` : ""}`;
    return [element("p", first), element("p", second), element("p", facts, { class: "quiet" })];
  };
  const drawWorst = () => {
    const model = data.models[chosen("worst-model")];
    const places = model.worst[chosen("worst-category")];
    const list = find("worst-pairs");
    if (!places.length) {
      list.replaceChildren(element("li", "None of these pairs is on the wrong side.", { class: "quiet" }));
      return;
    }
    list.replaceChildren(...places.map((place) => element("li", describe(data.pairs[place], model))));
  };

  // --------------------------------------------------------------------------------------------- what people move

  const has = (id) => find(id) !== null;
  const drawAll = () => {
    if (has("scores-figure")) drawScores();
    if (has("thresholds-figure")) drawThresholds();
    if (has("effects-figure")) drawEffects();
    if (has("study-figure")) drawStudy();
  };
  const useCut = (name) => {
    state.cut = name;
    document.querySelectorAll("[data-cut]").forEach((one) => one.classList.toggle("shown", one.dataset.cut === name));
    document.querySelectorAll("[data-switch=cut] input").forEach((one) => { one.checked = one.value === name; });
    drawScores();
  };
  const useView = (name) => {
    state.view = name;
    find("scores-category").parentElement.hidden = name !== "category";
    find("scores-model").parentElement.hidden = name !== "model";
    drawScores();
  };
  const HANDLERS = {
    cut: useCut,
    view: useView,
    effect: (name) => { state.effect = name; drawEffects(); },
  };
  document.querySelectorAll("[data-switch]").forEach((group) => {
    group.addEventListener("change", (event) => HANDLERS[group.dataset.switch](event.target.value));
  });
  ["scores-category", "scores-model"].forEach((id) => find(id).addEventListener("change", drawScores));
  if (has("threshold")) {
    find("threshold").addEventListener("input", moveThreshold);
    find("threshold-model").addEventListener("change", drawThresholds);
  }
  if (has("worst-pairs")) {
    ["worst-model", "worst-category"].forEach((id) => find(id).addEventListener("change", drawWorst));
  }

  const THEMES = ["system", "light", "dark"];
  const useTheme = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    find("theme").textContent = `Colours: ${name}`;
    drawAll();
  };
  let theme = "system";
  find("theme").addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    useTheme(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let narrow = innerWidth < 640;
  addEventListener("resize", () => {
    if (innerWidth < 640 !== narrow) {
      narrow = !narrow;
      drawAll();
    }
  });
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    useTheme("light");
  });
  addEventListener("afterprint", () => useTheme(theme));

  // The contents follow the reader.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    });
  }, { rootMargin: "-20% 0px -75% 0px" });
  links.forEach((_, id) => watcher.observe(find(id)));

  ["scores-category", "worst-category"].filter(has).forEach((id) => { find(id).value = data.open.category; });
  ["scores-model", "worst-model", "threshold-model"].filter(has).forEach((id) => { find(id).value = data.open.model; });
  if (has("worst-pairs")) drawWorst();
  const firstCut = document.querySelector("[data-switch=cut] input");
  find("scores-model").parentElement.hidden = true;
  if (firstCut) state.cut = firstCut.value;
  document.querySelectorAll("[data-cut]").forEach((one) => one.classList.toggle("shown", one.dataset.cut === state.cut));
  drawAll();
  root.classList.add("drawn");
})();
