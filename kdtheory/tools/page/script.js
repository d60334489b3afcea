
"use strict";
// The page reads without this: it filters the catalogue, and opens what a link points to.
(() => {
  const entries = [...document.querySelectorAll("#catalogue .room > details")];
  const form = document.getElementById("filter");

  const field = (label, control) => {
    const made = document.createElement("label");
    made.append(label, control);
    form.append(made);
    return control;
  };
  const choice = (label, values) => {
    const control = document.createElement("select");
    for (const value of ["any", ...values]) control.append(new Option(value));
    return field(label, control);
  };
  const kinds = (name) => [...new Set(entries.map((entry) => entry.dataset[name]))];

  const words = document.createElement("input");
  words.type = "search";
  field("Words", words);
  const verdict = choice("Verdict", kinds("verdict"));
  const finding = choice("Finding", kinds("finding"));
  const shown = document.createElement("output");
  form.append(shown);
  form.hidden = entries.length < 2;

  const texts = new Map(
    entries.map((entry) => [
      entry,
      (entry.id + " " + entry.querySelector("summary").textContent).toLowerCase(),
    ]),
  );
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const entry of entries) {
      const fits =
        wanted.every((word) => texts.get(entry).includes(word)) &&
        (verdict.value === "any" || verdict.value === entry.dataset.verdict) &&
        (finding.value === "any" || finding.value === entry.dataset.finding);
      entry.hidden = !fits;
    }
    for (const room of document.querySelectorAll("#catalogue .room")) {
      room.hidden = ![...room.querySelectorAll(":scope > details")].some((entry) => !entry.hidden);
    }
    const count = entries.filter((entry) => !entry.hidden).length;
    shown.textContent = `${count} of ${entries.length} claims`;
  };
  for (const control of [words, verdict, finding]) control.addEventListener("input", filter);
  filter();

  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) {
      one.open = true;
      one.dataset.closed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const one of document.querySelectorAll("details[data-closed]")) {
      one.open = false;
      delete one.dataset.closed;
    }
  });
})();
