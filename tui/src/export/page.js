"use strict";
const run = JSON.parse(document.getElementById("run").textContent);
const scrubber = document.getElementById("scrubber");
const svg = document.querySelector("#diagram svg");
const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
cursor.id = "cursor";
svg.appendChild(cursor);
const left = 70, step = Number(svg.dataset.step);
const diagram = document.getElementById("diagram");
// The nodes after each event: every entry shares what did not change with the one before.
const moments = [run.first];
for (const event of run.events) moments.push({...moments[moments.length - 1], ...(event.nodes ?? {})});
const make = (tag, text, name) => {
  const element = document.createElement(tag);
  element.textContent = text ?? "";
  if (name) element.className = name;
  return element;
};
const list = (title, lines) => {
  if (!lines || lines.length === 0) return [];
  const items = make("ul");
  for (const line of lines) items.append(make("li", line));
  return [make("b", title), items];
};
function show(at) {
  const event = run.events[at - 1];
  const x = left + at * step;
  for (const [name, value] of [["x1", x], ["x2", x], ["y1", 30], ["y2", svg.viewBox.baseVal.height - 30]])
    cursor.setAttribute(name, value);
  const seen = x - diagram.scrollLeft;
  if (seen < 60 || diagram.clientWidth - 60 < seen) diagram.scrollLeft = x - diagram.clientWidth / 2;
  document.getElementById("where").textContent = event ? `event ${event.event}, ${event.text}` : "before the first event";
  const about = document.getElementById("event");
  about.replaceChildren();
  if (event) {
    about.append(make("h2", `${event.node ?? ""} ${event.title}`.trim()));
    for (const told of event.narration ?? []) about.append(make("p", told, "told"));
    if (event.violation) about.append(make("p", `${event.violation} is broken`, "broken"));
    if (event.payload) about.append(make("code", event.payload));
    if (event.fate && event.fate !== "handled") about.append(make("p", `It did not get through: ${event.fate}.`));
    about.append(...list("It did", event.effects), ...list("It reported", event.notes));
  }
  const nodes = document.getElementById("nodes");
  nodes.replaceChildren();
  for (const [name, node] of Object.entries(moments[at])) {
    const box = make("div", "", "node");
    if (event && event.node === name) box.classList.add("now");
    if (node.being === "down") box.classList.add("off");
    box.append(make("h3", `${name} ${node.being}${node.epoch ? ", " + node.epoch : ""}`), make("code", node.state));
    box.append(...list("Timers", node.timers), ...list(node.older ? `Journal, after ${node.older} older` : "Journal", node.journal), ...list("Not yet durable", node.unsynced));
    nodes.append(box);
  }
}
const go = at => {
  const bounded = Math.min(run.events.length, Math.max(0, at));
  scrubber.value = bounded;
  show(bounded);
};
scrubber.addEventListener("input", () => show(Number(scrubber.value)));
document.getElementById("back").addEventListener("click", () => go(Number(scrubber.value) - 1));
document.getElementById("on").addEventListener("click", () => go(Number(scrubber.value) + 1));
svg.addEventListener("click", click => {
  const place = new DOMPoint(click.clientX, click.clientY).matrixTransform(svg.getScreenCTM().inverse());
  go(Math.round((place.x - left) / step));
});
document.addEventListener("keydown", key => {
  if (key.target === scrubber) return;
  if (key.key === "ArrowLeft") go(Number(scrubber.value) - 1);
  if (key.key === "ArrowRight") go(Number(scrubber.value) + 1);
});
const broken = run.events.findIndex(event => event.violation);
go(broken < 0 ? run.events.length : broken + 1);
