"use strict";
(() => {
  const graph = JSON.parse(document.getElementById("data").textContent);
  const byId = new Map(graph.nodes.map((n) => [n.id, n]));
  const groups = new Map(graph.groups.map((g) => [g.id, g]));
  const el = (id) => document.getElementById(id);
  const svg = el("picture"), view = el("view"), side = el("side"), told = el("told");
  const shapes = new Map(graph.nodes.map((n) => [n.id, el(n.id)]));
  const edges = [...svg.querySelectorAll(".edge")];
  const steps = Math.max(0, ...graph.nodes.map((n) => n.order || 0));
  const size = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };

  // The places are read before anything moves: they are what the arrows between resources go by.
  const place = new Map(graph.nodes.map((n) => {
    const card = shapes.get(n.id).querySelector(".card");
    const [x, y, w, h] = ["x", "y", "width", "height"].map((key) => Number(card.getAttribute(key)));
    return [n.id, { x: x + w / 2, y: y + h / 2, w, h }];
  }));
  const before = new Map(graph.nodes.map((n) => [n.id, []])), after = new Map(graph.nodes.map((n) => [n.id, []]));
  for (const e of graph.edges) { before.get(e.to).push(e.from); after.get(e.from).push(e.to); }

  // make makes an element; texts are always text and never markup.
  const make = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "onclick") made.addEventListener("click", value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((c) => c != null && c !== ""));
    return made;
  };
  const headed = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const seconds = (s) => s < 0.1 ? "<0.1 s" : s < 10 ? s.toFixed(1) + " s" : s < 60 ? s.toFixed(0) + " s" : Math.floor(s / 60) + " min " + Math.floor(s % 60) + " s";

  // Pan and zoom. The svg fills the canvas; the drawing is moved within it.
  let scale = 1, dx = 0, dy = 0;
  const least = 0.1, most = 4;
  const draw = () => view.setAttribute("transform", `translate(${dx} ${dy}) scale(${scale})`);
  const room = () => { const r = svg.getBoundingClientRect(); return { width: r.width, height: r.height, left: r.left, top: r.top }; };
  const resize = () => { const r = room(); if (r.width) svg.setAttribute("viewBox", `0 0 ${r.width} ${r.height}`); };
  const fitting = () => { const r = room(); return Math.min(1.25, (r.width - 16) / size.width, (r.height - 16) / size.height); };
  const centre = (x, y) => { const r = room(); dx = r.width / 2 - x * scale; dy = r.height / 2 - y * scale; draw(); };
  const fit = () => { resize(); scale = Math.max(least, fitting()); centre(size.width / 2, size.height / 2); };
  const zoomAt = (factor, x, y) => {
    const next = Math.min(most, Math.max(least, scale * factor));
    dx = x - (x - dx) * next / scale; dy = y - (y - dy) * next / scale; scale = next; draw();
  };
  const zoomBy = (factor) => { const r = room(); zoomAt(factor, r.width / 2, r.height / 2); };
  const begin = () => {
    fit();
    const readable = 0.62;
    if (scale >= readable) return;
    scale = readable;
    const first = graph.nodes.find((n) => n.op && shapes.get(n.id).matches(".create, .update, .replace, .delete"));
    const r = room(), at = first ? place.get(first.id) : { x: size.width / 2, y: 0 };
    // No more room is left empty beside the drawing than there must be.
    const held = (wanted, drawn, shown) => drawn <= shown ? drawn / 2 : Math.min(Math.max(wanted, shown / 2), drawn - shown / 2);
    centre(held(at.x, size.width, r.width / scale), held(at.y, size.height, r.height / scale));
  };
  const show = (id) => {
    const at = place.get(id), r = room(), x = at.x * scale + dx, y = at.y * scale + dy;
    const edge = 70;
    if (x < edge || y < edge || x > r.width - edge || y > r.height - edge) centre(at.x, at.y);
  };

  el("in").addEventListener("click", () => zoomBy(1.3));
  el("out").addEventListener("click", () => zoomBy(1 / 1.3));
  el("fit").addEventListener("click", fit);
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const r = room();
    zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - r.left, event.clientY - r.top);
  }, { passive: false });

  const fingers = new Map();
  let moved = 0;
  svg.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); moved = 0; });
  svg.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const r = room();
    const far = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    moved += far(event, last);
    if (moved > 5 && !svg.hasPointerCapture(event.pointerId)) { svg.setPointerCapture(event.pointerId); svg.classList.add("dragged"); }
    if (fingers.size === 2) {
      const other = [...fingers.entries()].find(([id]) => id !== event.pointerId)[1];
      const was = far(last, other), is = far(event, other);
      if (was > 0) zoomAt(is / was, (event.clientX + other.clientX) / 2 - r.left, (event.clientY + other.clientY) / 2 - r.top);
    }
    dx += (event.clientX - last.clientX) / fingers.size; dy += (event.clientY - last.clientY) / fingers.size;
    fingers.set(event.pointerId, event);
    draw();
  });
  const lift = (event) => { fingers.delete(event.pointerId); svg.classList.remove("dragged"); };
  svg.addEventListener("pointerup", lift);
  svg.addEventListener("pointercancel", lift);
  let width = 0;
  new ResizeObserver(() => { const r = room(); if (r.width !== width) { width = r.width; if (chosen === null) begin(); else { resize(); draw(); } } else resize(); }).observe(el("canvas"));

  // One resource is in the order of Tab; arrow keys go to others.
  let current = null, chosen = null;
  const shown = (id) => !shapes.get(id).classList.contains("off");
  const reach = (id) => {
    if (current) shapes.get(current).setAttribute("tabindex", "-1");
    current = id;
    shapes.get(id).setAttribute("tabindex", "0");
  };
  const nearest = (from, direction) => {
    const at = place.get(from), [vx, vy] = direction;
    let best = null, cost = Infinity;
    for (const [id, p] of place) {
      if (id === from || !shown(id)) continue;
      const along = (p.x - at.x) * vx + (p.y - at.y) * vy, aside = Math.abs((p.x - at.x) * vy) + Math.abs((p.y - at.y) * vx);
      if (along <= 4) continue;
      const c = along + aside * 2;
      if (c < cost) { cost = c; best = id; }
    }
    return best;
  };
  const directions = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  for (const n of graph.nodes) {
    const shape = shapes.get(n.id);
    shape.setAttribute("role", "button");
    shape.setAttribute("tabindex", "-1");
    // Its title is its name: the texts say the same, and shorten it.
    for (const text of shape.querySelectorAll("text")) text.setAttribute("aria-hidden", "true");
    shape.addEventListener("click", () => { if (moved <= 5) open(n.id); });
    shape.addEventListener("focus", () => { reach(n.id); show(n.id); });
    shape.addEventListener("keydown", (event) => {
      if (directions[event.key]) {
        event.preventDefault();
        const next = nearest(n.id, directions[event.key]);
        if (next) shapes.get(next).focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        open(n.id, true);
      }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen) { event.preventDefault(); close(); return; }
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoomBy(1.3);
    else if (event.key === "-") zoomBy(1 / 1.3);
    else if (event.key === "0") fit();
  });

  // What leads to a resource, and what waits for it, however far.
  const all = (id, next) => {
    const seen = new Set([id]);
    for (const each of seen) for (const other of next.get(each)) seen.add(other);
    return seen;
  };
  const mark = () => {
    const related = chosen && new Set([...all(chosen, before), ...all(chosen, after)]);
    for (const [id, shape] of shapes) {
      shape.classList.toggle("chosen", id === chosen);
      shape.classList.toggle("far", Boolean(related) && !related.has(id));
    }
    for (const edge of edges) {
      const { from, to } = edge.dataset;
      edge.classList.toggle("near", from === chosen || to === chosen);
      edge.classList.toggle("far", Boolean(related) && !(related.has(from) && related.has(to)));
      edge.classList.toggle("off", !shown(from) || !shown(to));
    }
  };

  const letters = { AWS: "AWS", Azure: "AZ", Google: "GCP", Kubernetes: "K8S", Other: "···" };
  const cloudOf = (n) => make("span", { class: "swatch " + n.cloud.toLowerCase(), "aria-hidden": "true" }, letters[n.cloud]);
  const lookOf = (n) => ["create", "update", "replace", "delete"].find((look) => shapes.get(n.id).classList.contains(look));
  const signOf = (n) => {
    const look = lookOf(n), sign = shapes.get(n.id).querySelector(".sign");
    return look && sign ? make("span", { class: "swatch round " + look, "aria-hidden": "true" }, sign.textContent) : null;
  };
  const row = (n) => make("button", { type: "button", class: "row", onclick: () => open(n.id, true) }, signOf(n) || cloudOf(n),
    make("span", { class: "words" }, make("span", { class: "mono" }, n.name), make("span", { class: "kindof" }, headed(n.kind) + (n.cloud === "Other" ? "" : " · " + n.cloud))),
    n.seconds ? make("span", { class: "seconds" }, seconds(n.seconds)) : null);
  const list = (title, ids) => ids.length === 0 ? [] : [make("h3", {}, title), make("div", { class: "rows" }, ...ids.map((id) => row(byId.get(id))))];
  const within = (n) => {
    const names = [];
    for (let g = groups.get(n.in); g; g = groups.get(g.in)) names.unshift(headed(g.kind) + " " + g.name);
    return names.join(" › ");
  };
  const change = (c) => make("div", { class: "change" }, make("code", { class: "path" }, c.path), c.replaces ? make("div", { class: "anew" }, "replaces the resource") : null,
    ...(c.old ? [make("pre", { class: "was" }, make("span", { class: "hidden" }, "before: "), c.old)] : []),
    ...(c.new ? [make("pre", { class: "is" }, make("span", { class: "hidden" }, "after: "), c.new)] : []),
    ...(c.shown ? [make("pre", { class: "so" }, c.shown)] : []));

  const open = (id, byKeyboard) => {
    const n = byId.get(id);
    chosen = id;
    reach(id);
    mark();
    show(id);
    const facts = [["Cloud", n.cloud === "Other" ? null : n.cloud], ["Component", within(n)], ["Type", make("code", {}, n.type)],
      ["ID", n.identity ? make("code", {}, n.identity) : null], ["URN", make("code", {}, n.urn)],
      ["Time", n.seconds ? seconds(n.seconds) + (n.critical ? ", on the chain that took longest" : "") : null],
      ["Order", n.order ? "step " + n.order + " of " + steps : null],
      ["Notes", [n.read ? "made by others, only read" : "", n.protected ? "protected against deletion" : ""].filter(Boolean).join("; ")]];
    const list_ = make("dl", {});
    for (const [name, value] of facts) if (value) list_.append(make("dt", {}, name), make("dd", {}, value));
    const says = { create: "is created", update: "is updated", replace: "is replaced: a new one is made", delete: "is deleted" }[lookOf(n)];
    el("detail").replaceChildren(
      make("div", { class: "head-row" }, make("div", {}, make("h2", { class: "mono", tabindex: "-1", id: "name" }, n.name), make("p", { class: "kindof" }, headed(n.kind))),
        make("button", { type: "button", class: "tool", id: "close", onclick: close }, "Close")),
      ...(says ? [make("p", { class: "badge" }, signOf(n), headed(says))] : []), list_,
      ...(n.changes && n.changes.length ? [make("h3", {}, "Changes"), ...n.changes.map(change)] : []),
      ...list("Waits for", before.get(id)), ...list("Is awaited by", after.get(id)));
    el("detail").hidden = false;
    el("overview").hidden = true;
    side.classList.add("open");
    side.scrollTop = 0;
    if (byKeyboard) el("name").focus();
    told.textContent = "Details of " + shapes.get(id).querySelector("title").textContent;
  };
  const close = () => {
    const id = chosen;
    chosen = null;
    el("detail").hidden = true;
    el("overview").hidden = false;
    side.classList.remove("open");
    mark();
    if (id) shapes.get(id).focus();
  };

  // The overview: what changes in which order or what took longest, and the resources by step or by component.
  const overview = () => {
    const changed = graph.nodes.filter(lookOf), critical = graph.nodes.filter((n) => n.critical);
    const parts = [make("h2", {}, graph.preview ? (changed.length === 0 ? "Nothing changes" : changed.length + (changed.length === 1 ? " resource changes" : " resources change"))
      : graph.nodes.length + " resources")];
    if (critical.length > 0) {
      parts.push(...list("Took longest: " + seconds(critical.reduce((sum, n) => sum + n.seconds, 0)), critical.map((n) => n.id)));
    }
    const listed = graph.preview && changed.length > 0 ? changed : graph.nodes;
    const titleOf = (n) => steps > 1 ? "Step " + n.order + " of " + steps : within(n) || "Beside components";
    const titled = new Map();
    for (const n of steps > 1 ? [...listed].sort((a, b) => a.order - b.order) : listed) titled.set(titleOf(n), [...(titled.get(titleOf(n)) || []), n.id]);
    for (const [title, ids] of titled) parts.push(...list(title, ids));
    el("overview").replaceChildren(...parts);
  };

  // Filters and search.
  const off = { cloud: new Set(), op: new Set() };
  const filter = () => {
    const text = el("find").value.trim().toLowerCase();
    const found = [];
    for (const n of graph.nodes) {
      const shape = shapes.get(n.id);
      shape.classList.toggle("off", off.cloud.has(n.cloud) || off.op.has(lookOf(n) || "same"));
      const hit = text !== "" && shown(n.id) && [n.name, n.kind, n.urn, n.cloud, n.identity || ""].some((part) => part.toLowerCase().includes(text));
      shape.classList.toggle("found", hit);
      if (hit) found.push(n.id);
    }
    mark();
    if (text) told.textContent = found.length === 1 ? "1 resource found" : found.length + " resources found";
    return found;
  };
  for (const chip of document.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => {
      const on = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", String(on));
      const [kind, value] = chip.dataset.cloud ? ["cloud", chip.dataset.cloud] : ["op", chip.dataset.op];
      off[kind][on ? "delete" : "add"](value);
      filter();
    });
  }
  el("find").addEventListener("input", () => { const found = filter(); if (found.length > 0) show(found[0]); });
  el("find").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const found = filter();
    if (found.length > 0) shapes.get(found[0]).focus();
  });

  // The theme: what the reader's system prefers, until the switch says otherwise. A file's page may have no storage.
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const remember = (value) => { try { if (value) localStorage.setItem("theme", value); return localStorage.getItem("theme"); } catch { return null; } };
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  const tellTheme = () => el("theme").setAttribute("aria-pressed", String(isDark()));
  if (["light", "dark"].includes(remember())) root.dataset.theme = remember();
  el("theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; remember(root.dataset.theme); tellTheme(); });
  dark.addEventListener("change", tellTheme);
  window.addEventListener("beforeprint", () => { svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`); view.removeAttribute("transform"); });
  window.addEventListener("afterprint", () => { resize(); draw(); });

  tellTheme();
  overview();
  if (graph.nodes.length > 0) reach(graph.nodes[0].id);
  begin();
  root.dataset.drawn = String(graph.nodes.length);
})();
