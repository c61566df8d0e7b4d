//! `topology` and `geography`: which links there are, and how far their ends lie apart.

use orrery_sim::{Geography, Law, Links, Topology};

use crate::error::{Problem, Problems};
use crate::suggest::did_you_mean;
use crate::tree::{Table, Tree};

use super::fields::{Fields, list, needed, text, whole};
use super::law::law;

const TOPOLOGIES: [&str; 5] = ["clique", "ring", "star", "tree", "grid"];

/// Reads `topology` and `geography` into links without laws.
pub(super) fn wide(
    shape: Option<&Tree>,
    places: Option<&Tree>,
    nodes: Option<u32>,
    problems: &mut Problems,
) -> Links {
    let topology = shape.and_then(|tree| topology(tree, problems)).unwrap_or_default();
    let geography = places.and_then(|tree| geography(tree, nodes.unwrap_or(0), problems));
    Links { topology, geography: geography.map(Into::into), ..Links::default() }
}

/// `"ring"`, `{ tree = 2 }`.
fn topology(tree: &Tree, problems: &mut Problems) -> Option<Topology> {
    const HELP: &str =
        "write `\"clique\"`, `\"ring\"`, `\"star\"`, `{ tree = 2 }` or `{ grid = 4 }`";
    let Some(Table(entries)) = tree.as_table() else {
        return plain_topology(tree, HELP, problems);
    };
    let [entry] = entries.as_slice() else {
        problems.push(tree.problem("this is not exactly one topology").help(HELP));
        return None;
    };
    match entry.key.as_str() {
        "tree" => whole(&entry.value, 1, problems).map(|arity| Topology::Tree { arity }),
        "grid" => whole(&entry.value, 1, problems).map(|width| Topology::Grid { width }),
        word if TOPOLOGIES.contains(&word) => {
            let problem = Problem::at(&entry.key_place, format!("`{word}` has no size"));
            problems.push(problem.help(format!("write `topology = \"{word}\"`")));
            None
        }
        word => {
            let hint = did_you_mean(word, &TOPOLOGIES, "topologies");
            let message = format!("there is no topology `{word}`");
            problems.push(Problem::at(&entry.key_place, message).help(hint));
            None
        }
    }
}

fn plain_topology(tree: &Tree, help: &str, problems: &mut Problems) -> Option<Topology> {
    if tree.as_text().is_none() {
        let message = format!("a topology is a word or a table, not {}", tree.kind());
        problems.push(tree.problem(message).help(help));
        return None;
    }
    let problem = match text(tree, problems)? {
        "clique" => return Some(Topology::Clique),
        "ring" => return Some(Topology::Ring),
        "star" => return Some(Topology::Star),
        "tree" => tree
            .problem("this tree does not say how many children each node has")
            .help("write `{ tree = 2 }`"),
        "grid" => tree
            .problem("this grid does not say how many nodes stand in a row")
            .help("write `{ grid = 4 }`"),
        word => tree.problem(format!("there is no topology `{word}`")).help(did_you_mean(
            word,
            &TOPOLOGIES,
            "topologies",
        )),
    };
    problems.push(problem);
    None
}

const GEOGRAPHY_HELP: &str = "write `{ cloud = [\"us-east\", \"eu-west\"] }`, \
    `{ racks = 2, within = \"100us\", between = \"500us\" }` or \
    `{ places = [..], nodes = [..], latency = [[..], ..] }`";

fn geography(tree: &Tree, nodes: u32, problems: &mut Problems) -> Option<Geography> {
    let mut fields = Fields::of(tree, "`geography`", problems)?;
    let [cloud, racks, places] = ["cloud", "racks", "places"].map(|key| fields.get(key));
    let found = match (cloud, racks, places) {
        (Some(regions), None, None) => self::cloud(regions, nodes, problems),
        (None, Some(racks), None) => self::racks(&mut fields, racks, tree, nodes, problems),
        (None, None, Some(places)) => self::places(&mut fields, places, tree, nodes, problems),
        _ => {
            let message = "this is not exactly one of `cloud`, `racks` and `places`";
            problems.push(tree.problem(message).help(GEOGRAPHY_HELP));
            return None;
        }
    };
    fields.finish(problems);
    found
}

/// The position in `names` of each node's place; the list is used again from its start where it is too short.
fn cycled(
    tree: &Tree,
    names: &[&str],
    what: &str,
    nodes: u32,
    problems: &mut Problems,
) -> Option<Vec<u32>> {
    let written = list(tree, what, problems);
    let known = problems.len();
    let mut cycle = Vec::new();
    for tree in written {
        let Some(name) = text(tree, problems) else { continue };
        if let Some(position) = names.iter().position(|known| *known == name) {
            cycle.push(position as u32);
        } else {
            let hint = did_you_mean(name, names, "places");
            problems.push(tree.problem(format!("there is no place `{name}`")).help(hint));
        }
    }
    if written.is_empty() && known == problems.len() {
        let help = "name the place of n1, n2, and so on; the list is used again from its start";
        problems.push(tree.problem("no node is anywhere").help(help));
    }
    (known == problems.len()).then(|| cycle.into_iter().cycle().take(nodes as usize).collect())
}

/// The bundled cloud, with the nodes in these of its regions.
fn cloud(regions: &Tree, nodes: u32, problems: &mut Problems) -> Option<Geography> {
    let cloud = Geography::cloud();
    let names: Vec<&str> = cloud.places.iter().map(String::as_str).collect();
    let of_node = cycled(regions, &names, "`cloud`", nodes, problems)?;
    Some(Geography { of_node, ..cloud })
}

fn racks(
    fields: &mut Fields<'_>,
    racks: &Tree,
    tree: &Tree,
    nodes: u32,
    problems: &mut Problems,
) -> Option<Geography> {
    let within = needed(fields, "within", tree, GEOGRAPHY_HELP, problems);
    let between = needed(fields, "between", tree, GEOGRAPHY_HELP, problems);
    let count = whole::<u32>(racks, 1, problems);
    let within = within.and_then(|tree| law(tree, problems));
    let between = between.and_then(|tree| law(tree, problems));
    let (count, within, between) = (count?, within?, between?);
    // Racks that hold no node make no difference, but their matrix would.
    let count = count.min(nodes.max(1));
    let row = |from| -> Vec<Law> {
        (0..count).map(|to| if from == to { within.clone() } else { between.clone() }).collect()
    };
    Some(Geography {
        places: (1..=count).map(|rack| format!("rack {rack}")).collect(),
        of_node: (0..nodes).map(|node| node % count).collect(),
        latency: (0..count).map(row).collect(),
    })
}

fn places(
    fields: &mut Fields<'_>,
    places: &Tree,
    tree: &Tree,
    nodes: u32,
    problems: &mut Problems,
) -> Option<Geography> {
    let of_node = needed(fields, "nodes", tree, GEOGRAPHY_HELP, problems);
    let latency = needed(fields, "latency", tree, GEOGRAPHY_HELP, problems);
    let written = list(places, "`places`", problems);
    let names: Vec<&str> = written.iter().filter_map(|tree| text(tree, problems)).collect();
    if let Some(twice) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
        let message = format!("the place `{}` is named twice", names[twice]);
        problems.push(written[twice].problem(message).help("give each place a name of its own"));
    }
    let of_node = of_node.and_then(|tree| cycled(tree, &names, "`nodes`", nodes, problems));
    let latency = latency.and_then(|tree| matrix(tree, names.len(), problems));
    let places = names.iter().map(ToString::to_string).collect();
    Some(Geography { places, of_node: of_node?, latency: latency? })
}

/// A law for each place and place.
fn matrix(tree: &Tree, places: usize, problems: &mut Problems) -> Option<Vec<Vec<Law>>> {
    let known = problems.len();
    let rows = list(tree, "`latency`", problems);
    let size = |tree: &Tree, found: usize, what: &str, problems: &mut Problems| {
        if found != places {
            let message = format!("there are {places} places, but {found} {what} here");
            let help = "write a row for each place that messages come from, and in it a law for each place that they go to";
            problems.push(tree.problem(message).help(help));
        }
    };
    size(tree, rows.len(), "rows", problems);
    let mut matrix = Vec::new();
    for row in rows {
        let laws = list(row, "a row of `latency`", problems);
        size(row, laws.len(), "laws", problems);
        matrix.push(laws.iter().filter_map(|tree| law(tree, problems)).collect());
    }
    (known == problems.len()).then_some(matrix)
}
