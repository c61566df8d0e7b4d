//! Draws a picture as one page: everything is in it, nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::diagram;
use crate::finding::WindowOperation;
use crate::history::{OperationId, Outcome};
use crate::picture::Picture;

/// Pixels: the names of the lanes, a lane, a bar in it, the axis, a band.
const MARGIN: u64 = 72;
const LANE: u64 = 52;
const BAR: u64 = 30;
const AXIS: u64 = 26;
const BAND: u64 = 24;

const STYLE: &str = "\
:root{--ink:#1c2330;--soft:#667085;--line:#d5dae3;--page:#fff;--ok:#dbe8fb;--okline:#3b6fb6;\
--bad:#fbdcd9;--badline:#b3261e;--info:#fdf3d6;--infoline:#a07908;--fail:#ececf0;--fault:#b3261e;--leader:#2e7d4f}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#3a4150;--page:#161a22;\
--ok:#1d3557;--okline:#7fb0f0;--bad:#5c1d1a;--badline:#ff8a80;--info:#4a3b0a;--infoline:#e3bd4a;--fail:#2b2f38;\
--fault:#ff8a80;--leader:#6fcf97}}\
body{margin:2rem auto;max-width:72rem;padding:0 1rem;color:var(--ink);background:var(--page);font:16px/1.5 system-ui,sans-serif}\
h1{font-size:1.25rem;margin:0 0 .5rem}.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px;margin:1rem 0}\
svg{display:block;font:12px ui-monospace,monospace}svg text{fill:var(--ink)}.soft{fill:var(--soft)!important}\
.grid{stroke:var(--line)}.op rect{fill:var(--ok);stroke:var(--okline)}.op.fail rect{fill:var(--fail);stroke:var(--soft)}\
.op.info rect{fill:var(--info);stroke:var(--infoline);stroke-dasharray:5 3}.op.bad rect{fill:var(--bad);stroke:var(--badline);stroke-width:2}\
.op:hover rect,.op:focus rect{stroke-width:3}.op:focus{outline:none}\
.fault rect{fill:var(--fault)}.leader rect{fill:var(--leader)}.band rect{opacity:.18}.band .shade{opacity:.06}\
.edge{fill:none;stroke:var(--badline);stroke-width:1.5}marker path{fill:var(--badline)}\
#state{min-height:3.2em;padding:.5rem .75rem;border-left:3px solid var(--line);white-space:pre-wrap;font:14px/1.5 ui-monospace,monospace}\
table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}\
code{font:13px ui-monospace,monospace}";

const SCRIPT: &str = "\
const s=document.getElementById('state');\
for(const o of document.querySelectorAll('.op'))for(const e of['mouseenter','focus'])\
o.addEventListener(e,()=>{s.textContent=o.querySelector('title').textContent});";

/// Text, for an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // A page must not hold them, and they show nothing.
            control if control.is_control() && control != '\n' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// The page.
pub(crate) fn page(picture: &Picture) -> String {
    let title = escape(&picture.title);
    let mut page = String::new();
    let mut add = |part: &str| page.push_str(part);
    add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    add("<meta name=\"viewport\" content=\"width=device-width\">\n");
    add("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    add("style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n");
    add(&format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"));
    add(&format!("<h1>{title}</h1>\n<p>{}</p>\n", escape(&picture.sentence)));
    for note in &picture.notes {
        add(&format!("<p>{}</p>\n", escape(note)));
    }
    add(&format!("<div class=\"scroll\">{}</div>\n", Drawing::new(picture).svg()));
    add(
        "<div id=\"state\" aria-live=\"polite\">Point at an operation to see what it found and what it left.</div>\n",
    );
    add(&edges(picture));
    add(&table(picture));
    add(&format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    page
}

/// What is said of an operation when it is pointed at.
fn details(picture: &Picture, number: usize, operation: &WindowOperation) -> String {
    let mut text = format!(
        "{number}  {} {}\n{}",
        operation.process,
        operation.description,
        diagram::place(operation)
    );
    if let Some(around) = picture.states.get(&operation.id) {
        let after = around.after.as_deref().unwrap_or("impossible here");
        write!(text, "\nbefore: {}\nafter: {after}", around.before)
            .expect("writing to a string cannot fail");
    }
    text
}

/// The edges of a cycle, each opened into its two operations.
fn edges(picture: &Picture) -> String {
    if picture.edges.is_empty() {
        return String::new();
    }
    let mut text = "<h2>Why each comes before the next</h2>\n".to_owned();
    let numbers = numbers(picture);
    let name = |id: OperationId| {
        let shown = numbers.get(&id).map(|&(number, operation)| {
            format!(
                "<b>{number}</b> {} <code>{}</code>",
                operation.process,
                escape(&operation.description)
            )
        });
        shown.unwrap_or_else(|| format!("<code>{id}</code>"))
    };
    for edge in &picture.edges {
        writeln!(
            text,
            "<details open><summary>{} &rarr; {}: {}</summary><p>{}</p><p>{}<br>{}</p></details>",
            short(&numbers, edge.from),
            short(&numbers, edge.to),
            escape(edge.relation),
            escape(&edge.reason),
            name(edge.from),
            name(edge.to)
        )
        .expect("writing to a string cannot fail");
    }
    text
}

/// The number of an operation in the picture, or its id.
fn short(numbers: &BTreeMap<OperationId, (usize, &WindowOperation)>, id: OperationId) -> String {
    numbers.get(&id).map_or_else(|| id.to_string(), |(number, _)| number.to_string())
}

fn numbers(picture: &Picture) -> BTreeMap<OperationId, (usize, &WindowOperation)> {
    (1..).zip(&picture.operations).map(|(number, o)| (o.id, (number, o))).collect()
}

fn table(picture: &Picture) -> String {
    let place: BTreeMap<OperationId, usize> =
        (1..).zip(&picture.order).map(|(place, &id)| (id, place)).collect();
    let has_states = !picture.states.is_empty();
    let mut text =
        "<table>\n<tr><th>#</th><th>process</th><th>operation</th><th>when</th>".to_owned();
    if !place.is_empty() {
        text.push_str("<th>order</th>");
    }
    if has_states {
        text.push_str("<th>before</th><th>after</th>");
    }
    text.push_str("</tr>\n");
    for (number, operation) in (1..).zip(&picture.operations) {
        text.push_str("<tr>");
        let mut cell = |content: &str| {
            write!(text, "<td>{}</td>", escape(content)).expect("writing to a string cannot fail");
        };
        cell(&format!("{number}{}", if picture.marked == Some(operation.id) { "!" } else { "" }));
        cell(&operation.process.to_string());
        cell(&operation.description);
        cell(&diagram::place(operation));
        if !place.is_empty() {
            cell(&place.get(&operation.id).map(ToString::to_string).unwrap_or_default());
        }
        if has_states {
            let around = picture.states.get(&operation.id);
            cell(around.map_or("", |around| &around.before));
            cell(around.map_or("", |around| around.after.as_deref().unwrap_or("impossible")));
        }
        text.push_str("</tr>\n");
    }
    text + "</table>\n"
}

/// Where everything goes. Columns are moments, not a scale.
struct Drawing<'a> {
    picture: &'a Picture,
    times: Vec<u64>,
    step: u64,
    lanes: BTreeMap<crate::history::ProcessId, u64>,
    width: u64,
    height: u64,
}

impl<'a> Drawing<'a> {
    fn new(picture: &'a Picture) -> Self {
        let moments = picture.operations.iter().flat_map(|o| {
            [Some(o.invoked.time), o.returned.map(|returned| returned.time)].into_iter().flatten()
        });
        let times: BTreeSet<u64> = moments.collect();
        let times: Vec<u64> = times.into_iter().collect();
        let count = times.len().max(1) as u64;
        let step = (1_600 / count).clamp(28, 116);
        let processes: BTreeSet<_> = picture.operations.iter().map(|o| o.process).collect();
        let lanes: BTreeMap<_, u64> = processes.into_iter().zip(0..).collect();
        let width = MARGIN + count * step + 40;
        let height = AXIS + lanes.len() as u64 * LANE + picture.bands.len() as u64 * BAND + 8;
        Self { picture, times, step, lanes, width, height }
    }

    fn x(&self, time: u64) -> u64 {
        let index = self.times.partition_point(|&other| other < time) as u64;
        let is_moment = self.times.binary_search(&time).is_ok();
        let x = MARGIN + 8 + index * self.step;
        if is_moment { x } else { x.saturating_sub(self.step / 2).max(MARGIN) }
    }

    fn y(&self, operation: &WindowOperation) -> u64 {
        AXIS + self.lanes[&operation.process] * LANE + (LANE - BAR) / 2
    }

    fn svg(&self) -> String {
        let Self { width, height, .. } = self;
        let mut text = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
             markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
        );
        let mut free = 0;
        for &time in &self.times {
            let (x, label) = (self.x(time), diagram::time(time));
            write!(
                text,
                "<line class=\"grid\" x1=\"{x}\" y1=\"{AXIS}\" x2=\"{x}\" y2=\"{height}\"/>"
            )
            .expect("writing to a string cannot fail");
            if x >= free {
                free = x + label.len() as u64 * 8 + 8;
                write!(text, "<text class=\"soft\" x=\"{x}\" y=\"17\">{label}</text>")
                    .expect("writing to a string cannot fail");
            }
        }
        for (process, lane) in &self.lanes {
            let y = AXIS + lane * LANE + LANE / 2 + 4;
            write!(text, "\n<text x=\"8\" y=\"{y}\">{process}</text>")
                .expect("writing to a string cannot fail");
        }
        self.add_bands(&mut text);
        for (number, operation) in (1..).zip(&self.picture.operations) {
            self.add_bar(&mut text, number, operation);
        }
        self.add_edges(&mut text);
        text + "\n</svg>"
    }

    fn add_bands(&self, text: &mut String) {
        let first = AXIS + self.lanes.len() as u64 * LANE;
        for (band, row) in self.picture.bands.iter().zip(0..) {
            let (x, y) = (self.x(band.from), first + row * BAND + 3);
            let end = band.to.map_or(self.width - 4, |to| self.x(to)).max(x + 6);
            let (wide, kind, high) = (end - x, band.kind.name(), BAND - 6);
            let label = escape(&band.label);
            let (base, all) = (y + 13, self.height - AXIS);
            write!(
                text,
                "\n<g class=\"band {kind}\"><title>{label}</title>\
                 <rect class=\"shade\" x=\"{x}\" y=\"{AXIS}\" width=\"{wide}\" height=\"{all}\"/>\
                 <rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\" rx=\"3\"/>\
                 <text class=\"soft\" x=\"8\" y=\"{base}\">{kind}</text><text x=\"{}\" y=\"{base}\">{label}</text></g>",
                x + 4
            )
            .expect("writing to a string cannot fail");
        }
    }

    fn end(&self, operation: &WindowOperation) -> u64 {
        let start = self.x(operation.invoked.time);
        let end = match (&operation.outcome, operation.returned) {
            (Outcome::Ok(()) | Outcome::Fail, Some(returned)) => self.x(returned.time),
            _ => self.width - 6,
        };
        end.max(start + 18)
    }

    fn add_bar(&self, text: &mut String, number: usize, operation: &WindowOperation) {
        let (x, y, end) = (self.x(operation.invoked.time), self.y(operation), self.end(operation));
        let class = match operation.outcome {
            _ if self.picture.marked == Some(operation.id) => "bad",
            Outcome::Ok(()) => "ok",
            Outcome::Fail => "fail",
            Outcome::Info | Outcome::Open => "info",
        };
        let wide = end - x;
        let full = format!("{number} {}", operation.description);
        // A character of 12 pixels is 7.2 wide.
        let room = (wide.saturating_sub(8) * 10 / 73).max(1) as usize;
        let label: String = if full.chars().count() <= room {
            full
        } else if room > 6 {
            full.chars().take(room - 1).chain(['\u{2026}']).collect()
        } else {
            number.to_string()
        };
        write!(
            text,
            "\n<g class=\"op {class}\" tabindex=\"0\"><title>{}</title>\
             <rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{BAR}\" rx=\"4\"/>\
             <text x=\"{}\" y=\"{}\">{}</text></g>",
            escape(&details(self.picture, number, operation)),
            x + 5,
            y + BAR / 2 + 4,
            escape(&label)
        )
        .expect("writing to a string cannot fail");
    }

    fn add_edges(&self, text: &mut String) {
        let numbers = numbers(self.picture);
        for edge in &self.picture.edges {
            let (Some((_, from)), Some((_, to))) = (numbers.get(&edge.from), numbers.get(&edge.to))
            else {
                continue;
            };
            let middle = |o: &WindowOperation| u64::midpoint(self.x(o.invoked.time), self.end(o));
            let (x1, x2) = (middle(from), middle(to));
            let is_same_lane = self.y(from) == self.y(to);
            let is_down = self.y(from) < self.y(to);
            // Out of the side of the bar that faces the other; within a lane, above both.
            let side = |o: &WindowOperation, below: bool| self.y(o) + if below { BAR } else { 0 };
            let y1 = side(from, is_down && !is_same_lane);
            let y2 = side(to, !is_down && !is_same_lane);
            let bend = if is_same_lane { y1 - 12 } else { u64::midpoint(y1, y2) };
            let at = u64::midpoint(x1, x2);
            write!(
                text,
                "\n<path class=\"edge\" marker-end=\"url(#tip)\" d=\"M{x1} {y1}Q{at} {bend} {x2} {y2}\"/>\
                 <text x=\"{}\" y=\"{}\">{}</text>",
                at + 4,
                bend + 4,
                escape(edge.relation)
            )
            .expect("writing to a string cannot fail");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Edge;
    use crate::history::{Moment, ProcessId};
    use crate::picture::{Around, Band};

    const HOSTILE: &str = "</title><script>alert('x')</script> \" onload=\"y &amp; \u{1}";

    fn picture(text: &str) -> Picture {
        let operation = |id: u64| WindowOperation {
            id: OperationId(id),
            process: ProcessId(id % 2),
            description: text.to_owned(),
            outcome: if id == 2 { Outcome::Info } else { Outcome::Ok(()) },
            invoked: Moment { time: id * 10, position: 0, node: None, event: None },
            returned: Some(Moment { time: id * 10 + 15, position: 0, node: None, event: None }),
        };
        let edge = |from, to| Edge {
            from: OperationId(from),
            to: OperationId(to),
            relation: "ww",
            reason: text.to_owned(),
        };
        Picture {
            title: text.to_owned(),
            sentence: text.to_owned(),
            operations: (0..4).map(operation).collect(),
            marked: Some(OperationId(3)),
            edges: vec![edge(0, 1), edge(1, 3), edge(3, 0)],
            order: vec![OperationId(0)],
            states: [(OperationId(0), Around { before: text.to_owned(), after: None })].into(),
            bands: vec![Band::fault(text, 12, None), Band::leader(text, 0, Some(20))],
            notes: vec![text.to_owned()],
        }
    }

    /// The names of the elements in the order of opening; every one is closed in its turn.
    fn elements(page: &str) -> Vec<&str> {
        let (mut open, mut all) = (Vec::new(), Vec::new());
        let mut rest = page.strip_prefix("<!doctype html>").unwrap();
        while let Some(at) = rest.find('<') {
            let tag = &rest[at + 1..];
            let end = tag.find('>').unwrap();
            let (inside, after) = (&tag[..end], &tag[end + 1..]);
            rest = after;
            if let Some(name) = inside.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
                continue;
            }
            let name = inside.split([' ', '/']).next().unwrap();
            all.push(name);
            if name == "script" || name == "style" {
                rest = &rest[rest.find("</").unwrap()..];
            }
            if !inside.ends_with('/') && !["meta", "br"].contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
        all
    }

    #[test]
    fn a_page_is_whole_and_fetches_nothing() {
        let page = page(&picture("put(x, 1) -> ok"));
        let elements = elements(&page);
        let count = |name| elements.iter().filter(|element| **element == name).count();
        assert_eq!([count("svg"), count("details"), count("tr"), count("script")], [1, 3, 5, 1]);
        for fetched in ["http:", "https:", "src=", "href=", "@import", "url(h"] {
            assert!(!page.contains(fetched), "{fetched}");
        }
        assert!(page.contains("before: put(x, 1) -&gt; ok\nafter: impossible here"));
    }

    #[test]
    fn nothing_in_a_history_becomes_markup() {
        let hostile = page(&picture(HOSTILE));
        assert_eq!(elements(&hostile), elements(&page(&picture("tame"))));
        assert!(!hostile.contains("alert('x')"));
        assert!(!hostile.contains("onload=\"y"));
        assert!(hostile.contains("&amp;amp;"));
    }

    #[test]
    fn an_empty_picture_is_a_page_too() {
        assert!(elements(&page(&Picture::default())).contains(&"svg"));
    }
}
