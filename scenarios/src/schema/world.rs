//! The schema of what lies between and under the nodes.

use serde_json::{Map, Value as Json, json};

use orrery_sim::Geography;

use super::{described, flag, list, map, reference, table, text, whole};

pub(super) fn definitions() -> Map<String, Json> {
    let mut all = laws();
    all.extend(places());
    all.extend(links());
    all.extend(machines());
    all
}

fn laws() -> Map<String, Json> {
    map(json!({
        "law": {
            "description": "How a duration is drawn.",
            "anyOf": [
                reference("duration"),
                table("Always the same.", &["constant"], json!({ "constant": reference("duration") })),
                table("Evenly over a range.", &["uniform"], json!({ "uniform": { "type": "string", "examples": ["1ms..10ms"] } })),
                table("Without memory.", &["exponential"], json!({ "exponential": described("duration", "The mean.") })),
                table("Normal, cut off at zero.", &["normal"], json!({ "normal": table("", &["mean", "sd"], json!({
                    "mean": described("duration", "The mean before cutting off."),
                    "sd": described("duration", "The standard deviation before cutting off."),
                })) })),
                table("Most about the median, few much longer.", &["log-normal"], json!({ "log-normal": table("", &["median", "sigma"], json!({
                    "median": described("duration", "Half are shorter."),
                    "sigma": described("number", "The standard deviation of the natural logarithm."),
                })) })),
                table("A power law.", &["pareto"], json!({ "pareto": table("", &["scale", "shape"], json!({
                    "scale": described("duration", "The least."),
                    "shape": described("number", "The exponent: the smaller, the heavier the tail."),
                })) })),
                table("As measured.", &["empirical"], json!({ "empirical": list(reference("duration"), "What was measured, in any order.") })),
                table("A law on top of a duration.", &["shifted"], json!({ "shifted": table("", &["by", "law"], json!({
                    "by": described("duration", "What is added to every draw."),
                    "law": reference("law"),
                })) })),
            ],
        },
        "burst": table("Losses in bursts (Gilbert-Elliott).", &["begin", "end", "loss"], json!({
            "begin": described("probability", "How likely a good link turns bad before a message."),
            "end": described("probability", "How likely a bad link turns good before a message."),
            "loss": described("probability", "How likely a bad link loses a message."),
        })),
        "bandwidth": table("How much goes through.", &["rate"], json!({
            "rate": { "type": "string", "description": "Bytes that go through in a second.", "examples": ["1MB/s", "64KiB/s"] },
            "queue": { "type": "string", "description": "A message that finds more than this waiting is lost; without it none is.", "examples": ["64kB"] },
        })),
    }))
}

fn places() -> Map<String, Json> {
    let node_places = |about| list(json!({ "type": "string" }), about);
    map(json!({
        "topology": {
            "description": "Which links there are; between all nodes where absent.",
            "anyOf": [
                { "enum": ["clique", "ring", "star"] },
                table("n1 is the root.", &["tree"], json!({ "tree": whole("How many children each node has.") })),
                table("Filled row by row.", &["grid"], json!({ "grid": whole("How many nodes stand in a row.") })),
                reference("knob"),
            ],
        },
        "geography": {
            "description": "Where nodes are: it decides how long messages travel.",
            "anyOf": [
                table("Regions of the bundled cloud.", &["cloud"], json!({
                    "cloud": list(json!({ "anyOf": [{ "enum": Geography::cloud().places }, reference("knob")] }), "The region of n1, n2, and so on; from the start again where the list is too short."),
                })),
                table("n1 stands in the first rack, n2 in the second, and so on.", &["racks", "within", "between"], json!({
                    "racks": whole("How many racks."),
                    "within": described("law", "How long a message travels inside a rack."),
                    "between": described("law", "How long a message travels from rack to rack."),
                })),
                table("Places of your own.", &["places", "nodes", "latency"], json!({
                    "places": node_places("Their names."),
                    "nodes": node_places("The place of n1, n2, and so on; from the start again where the list is too short."),
                    "latency": list(list(reference("law"), "To each place."), "A row for each place that messages come from."),
                })),
            ],
        },
    }))
}

fn links() -> Map<String, Json> {
    let laws = json!({
        "latency": described("law", "How long a message travels."),
        "loss": described("probability", "How likely a message is lost."),
        "burst": reference("burst"),
        "corruption": described("probability", "How likely a message is damaged."),
        "duplicate": described("probability", "How likely a message arrives twice."),
        "fifo": flag("Whether messages arrive in the order in which they were sent."),
        "reorder": described("duration", "How far messages overtake each other at most."),
        "bandwidth": reference("bandwidth"),
    });
    let mut overriding = laws.clone();
    let ends = |about: &str| json!({ "description": about, "anyOf": [reference("nodes"), { "const": "all" }] });
    overriding["from"] = ends("The senders.");
    overriding["to"] = ends("The receivers.");
    overriding["both"] =
        json!({ "type": "boolean", "description": "Whether the links back have the same laws." });
    map(json!({
        "link": table("The laws of a directed link.", &[], laws),
        "link_override": table("Links with laws of their own.", &["from", "to"], overriding),
    }))
}

fn machines() -> Map<String, Json> {
    map(json!({
        "clock": table("A clock.", &["node"], json!({
            "node": reference("nodes"),
            "offset": { "type": "string", "description": "What it shows at the start, `-5ms` for late.", "examples": ["5ms", "-5ms"] },
            "drift": reference("drift"),
            "wall": table("The wall clock beside it.", &[], json!({
                "offset": text("How far it is ahead of true time at the start, `-3s` for behind."),
                "every": described("duration", "How much time lies between two corrections."),
                "error": described("duration", "How far off a correction is at most."),
                "drift_bound": described("drift", "How much the node believes its clock to drift at most."),
            })),
        })),
        "disk": table("The disks.", &[], json!({
            "sync": described("law", "How long a sync takes."),
            "torn": described("probability", "How likely a crash leaves the first lost record in part."),
            "reordered": described("probability", "How likely a crash keeps any of the unsynced records instead of the first ones."),
            "budget": table("How much damage the plan may do.", &["nodes", "records"], json!({
                "nodes": whole("Nodes with damaged records at one time."),
                "records": whole("Damaged records of each of them at one time."),
            })),
        })),
    }))
}
