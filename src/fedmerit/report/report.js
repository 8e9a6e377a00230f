"use strict";
// Draws every chart, in the reader's colour scheme, and again when that changes.
(() => {
  const dark = JSON.parse(document.getElementById("dark").textContent);
  const wanted = matchMedia("screen and (prefers-color-scheme: dark)");
  const charts = [...document.querySelectorAll("script[data-chart]")].map((source) => ({
    target: document.getElementById(source.dataset.chart),
    light: source.textContent,
  }));

  // The twin of fedmerit.report.colours.dark: colours are looked up, and nothing else is.
  const darkened = (part, colour) => {
    if (Array.isArray(part)) return part.map((each) => darkened(each, colour));
    if (part !== null && typeof part === "object") {
      const pairs = Object.entries(part).map(([key, value]) => [
        key,
        darkened(value, key.endsWith("color") || key.endsWith("colorscale")),
      ]);
      return Object.fromEntries(pairs);
    }
    return colour && Object.hasOwn(dark, part) ? dark[part] : part;
  };

  // What is folded away has no width to be drawn in, and waits until it is opened.
  const draw = (inDark, sized = () => ({})) => {
    for (const { target, light } of charts.filter((each) => each.target.clientWidth)) {
      const figure = JSON.parse(light);
      const { data, layout } = inDark ? darkened(figure, false) : figure;
      const config = { displayModeBar: false, responsive: true };
      Plotly.react(target, data, { ...layout, ...sized(target) }, config);
    }
  };

  draw(wanted.matches);
  wanted.addEventListener("change", () => draw(wanted.matches));

  for (const fold of document.querySelectorAll(".fold"))
    fold.addEventListener("toggle", () => fold.open && draw(wanted.matches));

  // A link into what is folded away opens it.
  const unfold = () => {
    const fold = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest(".fold");
    if (fold) fold.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  // On paper: light colours, the paper's width, and every table unfolded.
  const folded = [...document.querySelectorAll("details")];
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folded.filter((each) => !each.open);
    for (const each of opened) each.open = true;
    document.body.classList.add("printing");
    draw(false, (target) => ({ autosize: false, width: target.clientWidth }));
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
    document.body.classList.remove("printing");
    draw(wanted.matches);
  });
})();
