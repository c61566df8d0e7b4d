//! The JSON Schema of scenario files, for editors: `#:schema scenarios/schema.json` in the first line.

mod plan;
mod world;

use serde_json::{Map, Value as Json, json};

use orrery_harness::history::MODELS;
use orrery_harness::subject::{Registry, Subject};

/// The schema of a scenario file for the protocols of `registry`.
pub fn schema(registry: &Registry) -> Json {
    let mut definitions = definitions();
    let mut cases = Vec::new();
    for subject in registry.all() {
        cases.push(protocol_case(subject.as_ref(), &mut definitions));
    }
    let protocols: Vec<&str> = registry.all().map(|subject| subject.name()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Orrery scenario",
        "description": "What happens to a distributed system, and what is judged. Any string may mention a knob: \"$outage * 2\".",
        "type": "object",
        "additionalProperties": false,
        "required": ["format", "title", "nodes", "stop_at"],
        "anyOf": [{ "required": ["protocol"] }, { "required": ["compare"] }],
        "properties": properties(&protocols),
        "allOf": cases,
        "$defs": definitions,
    })
}

/// A whole number, or a knob that is one.
fn whole(about: &str) -> Json {
    json!({ "description": about, "anyOf": [{ "type": "integer", "minimum": 0 }, reference("knob")] })
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A reference with a description of its own.
fn described(name: &str, about: &str) -> Json {
    json!({ "description": about, "$ref": format!("#/$defs/{name}") })
}

/// A switch with a description of its own.
fn flag(about: &str) -> Json {
    described("flag", about)
}

fn text(about: &str) -> Json {
    json!({ "type": "string", "description": about })
}

fn list(of: Json, about: &str) -> Json {
    let mut schema = json!({ "type": "array", "description": about });
    schema["items"] = of;
    schema
}

/// A table that has these keys and no others.
fn table(about: &str, required: &[&str], properties: Json) -> Json {
    let mut schema = json!({
        "type": "object",
        "description": about,
        "additionalProperties": false,
        "required": required,
    });
    schema["properties"] = properties;
    schema
}

fn properties(protocols: &[&str]) -> Json {
    json!({
        "format": { "const": 1, "description": "The version of this format." },
        "title": text("What happens, in one line."),
        "about": text("What to watch for."),
        "protocol": { "enum": protocols, "description": "The protocol that the nodes run." },
        "nodes": whole("How many nodes: n1 to nN."),
        "seed": whole("The seed of runs that name none. All that is random follows from it."),
        "stop_at": described("duration", "The end of the run, in simulated time."),
        "event_budget": whole("More events than this make the verdict unknown."),
        "knobs": {
            "type": "object",
            "description": "Named values for `--set NAME=VALUE`, mentioned as `$NAME` in any string.",
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        },
        "parameters": { "type": "object", "description": "The protocol's own parameters." },
        "bugs": list(json!({ "type": "string" }), "The planted bugs that are in every run, beside those of `--bug`."),
        "tie": { "enum": ["fifo", "shuffled"], "description": "The order of events of one nanosecond: as they were decided, or drawn from the seed." },
        "topology": reference("topology"),
        "geography": reference("geography"),
        "link": described("link", "The laws of all links."),
        "links": list(reference("link_override"), "Links with laws of their own; what they do not name is as in `link`."),
        "clocks": list(reference("clock"), "Clocks that are not perfect."),
        "disk": reference("disk"),
        "clients": reference("clients"),
        "swarm": reference("swarm"),
        "liveness": {
            "description": "Whether a core alone must make progress once the faults are over; `harsh` lets others still reach some of it.",
            "anyOf": [
                { "type": "boolean" },
                { "const": "harsh" },
                table("When, where there is no swarm.", &["at"], json!({
                    "at": described("duration", "When a core is healed and all others are shut out."),
                    "harsh": { "type": "boolean", "description": "Whether others may still reach some of it." },
                })),
            ],
        },
        "check": reference("check"),
        "expect": table("What the run is to come to.", &[], json!({
            "verdict": { "enum": ["pass", "fail", "unknown", "error"], "description": "The verdict; `pass` where absent." },
        })),
        "notes": list(
            table("A sentence told when something happens.", &["when", "say"], json!({
                "when": reference("predicate"),
                "say": text("What is told. Words in braces are fields of what happened: `{node}`."),
            })),
            "What is told to people.",
        ),
        "plan": list(reference("item"), "What happens to the world."),
        "compare": compared(protocols),
    })
}

/// What an entry of `compare` says in place of the scenario.
fn compared(protocols: &[&str]) -> Json {
    let about = "Several scenarios in one, for `orrery compare`: each entry takes the place of the keys that it names.";
    let mut entry = json!({
        "type": "object",
        "description": "A name, a protocol, its parameters, and any other key of a scenario that is not the same for all.",
    });
    entry["properties"] = json!({
        "name": text("What the table calls it; its protocol's name where absent."),
        "protocol": { "enum": protocols, "description": "The protocol that the nodes run." },
        "parameters": { "type": "object", "description": "The protocol's own parameters." },
        "nodes": whole("How many nodes: n1 to nN."),
        "knobs": { "type": "object", "description": "Values of knobs; others keep theirs." },
    });
    list(entry, about)
}

/// The parameters of one protocol, which hold where a scenario names it.
fn protocol_case(subject: &dyn Subject, definitions: &mut Map<String, Json>) -> Json {
    let mut parameters = subject.parameters_schema();
    let prefix = format!("{}_", subject.name());
    if let Some(own) = parameters.as_object_mut() {
        for key in ["$schema", "title"] {
            own.remove(key);
        }
        if let Some(Json::Object(inner)) = own.remove("$defs") {
            for (name, mut schema) in inner {
                rename_references(&mut schema, &prefix);
                definitions.insert(format!("{prefix}{name}"), schema);
            }
        }
        if let Some(properties) = own.get_mut("properties").and_then(Json::as_object_mut) {
            for property in properties.values_mut() {
                rename_references(property, &prefix);
                let about = property.get("description").cloned();
                *property = json!({ "anyOf": [property.take(), reference("knob")] });
                if let (Some(about), Some(property)) = (about, property.as_object_mut()) {
                    property.insert("description".into(), about);
                }
            }
        }
    }
    json!({
        "if": { "properties": { "protocol": { "const": subject.name() } } },
        "then": { "properties": { "parameters": parameters } },
    })
}

/// Makes references to a protocol's definitions point to where they are put.
fn rename_references(schema: &mut Json, prefix: &str) {
    match schema {
        Json::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Json::String(target) if key == "$ref" => {
                        *target = target.replace("#/$defs/", &format!("#/$defs/{prefix}"));
                    }
                    other => rename_references(other, prefix),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rename_references(item, prefix)),
        _ => {}
    }
}

fn definitions() -> Map<String, Json> {
    let mut all = basic_definitions();
    all.extend(world::definitions());
    all.extend(client_definitions());
    all.extend(check_definitions());
    all.extend(plan::definitions());
    all
}

fn map(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn basic_definitions() -> Map<String, Json> {
    map(json!({
        "knob": { "type": "string", "pattern": "\\$", "description": "A knob or an expression with knobs: `$servers`, `$outage * 2`." },
        "duration": { "type": "string", "description": "A number and its unit: h, min, s, ms, us or ns.", "examples": ["150ms", "1.5s"] },
        "probability": { "type": ["string", "number"], "description": "From 0 to 1, or a percentage.", "examples": ["5%", 0.05] },
        "number": { "type": ["string", "number"], "description": "A positive number with at most six places.", "examples": [1.5] },
        "range": { "type": "string", "description": "Two durations, the second never drawn; one for exactly that.", "examples": ["1s..2s", "1s"] },
        "flag": { "anyOf": [{ "type": "boolean" }, reference("knob")] },
        "drift": { "type": "string", "description": "How much faster than true time a clock runs.", "examples": ["200ppm", "-10%", "5ppb"] },
        "predicate": {
            "type": "string",
            "description": "An event, a condition on the world, or both.",
            "examples": ["note Elected #2", "deliver AppendEntries to n3 where term = 2 and len(entries) > 0", "count(role = \"leader\") >= 2"],
        },
        "node": { "type": "string", "description": "A node: `n1`.", "examples": ["n1"] },
        "nodes": { "anyOf": [reference("node"), { "type": "array", "items": reference("node") }] },
        "target": { "type": "string", "description": "A node (`n1`), a role (`leader`), or the node of an item (`crash.node`).", "examples": ["n1", "leader", "crash.node"] },
        "targets": { "anyOf": [reference("target"), { "type": "array", "items": reference("target") }] },
    }))
}

fn client_definitions() -> Map<String, Json> {
    map(json!({
        "clients": table("The clients.", &["count"], json!({
            "count": whole("How many: c1 to cN."),
            "mix": {
                "type": "object",
                "description": "What they ask of their own accord: how often each operation, relative to the others.",
                "additionalProperties": whole("Its share."),
            },
            "keys": whole("How many keys the operations spread over; 1 where absent."),
            "think": described("law", "How long they pause before each operation."),
            "timeout": described("duration", "How long they wait for an answer before they ask the next node."),
            "patience": described("duration", "How long after its invocation they give an operation up."),
            "retry": described("duration", "How long they wait before they go where they were sent."),
            "entries": list(reference("node"), "The nodes that they ask; the protocol's own choice where absent."),
            "until": described("duration", "From then on they ask nothing new."),
        })),
        "swarm": table("Faults drawn from the seed. Each family is off in half of the runs.", &[], json!({
            "from": described("duration", "When faults begin."),
            "until": described("duration", "When everything heals: the item `quiet`."),
            "outage": described("duration", "How long a single fault lasts at most."),
            "crashes": whole("At most so many crashes."),
            "pauses": whole("At most so many pauses."),
            "partitions": whole("At most so many partitions, of all shapes; some come and go."),
            "wipes": whole("At most so many nodes lose their disks."),
            "slow": whole("At most so many times is a node slow."),
            "byzantine": whole("At most so many times does a node deviate from its protocol."),
            "clogs": whole("At most so many times are links clogged."),
            "jumps": whole("At most so many jumps of wall clocks."),
            "lies": whole("At most so many times does a disk lie about its syncs."),
            "corrupt": whole("At most so many records become unreadable."),
            "misdirect": whole("At most so many records are written in a wrong place."),
            "stalls": whole("At most so many times does a disk not answer."),
            "full": whole("At most so many times is a disk full."),
            "errors": whole("At most so many times does a disk fail."),
            "loss": described("probability", "At most this share of messages is lost, while it is bad."),
            "burst": described("probability", "At most this share of messages is lost in a burst."),
            "corruption": described("probability", "At most this share of messages is damaged, while it is bad."),
            "duplicate": described("probability", "At most this share of messages is doubled, while it is bad."),
            "torn": described("probability", "At most this share of crashes tears a record."),
            "reordered": described("probability", "At most this share of crashes keeps later writes and not earlier ones."),
            "service": described("duration", "A slow node takes at most so long for an event, on average."),
            "delay": described("duration", "Messages travel at most so much longer, on average, while it is bad."),
            "jump": described("duration", "Wall clocks jump at most so far."),
            "drift": described("drift", "Clocks run at most this much faster or slower."),
            "workload": { "type": "boolean", "description": "Whether the clients' mix and timeouts are drawn, too." },
            "nodes": whole("There are at least so many nodes, and at most `nodes` of the scenario."),
        })),
    }))
}

fn check_definitions() -> Map<String, Json> {
    let names = list(json!({ "type": "string" }), "");
    map(json!({
        "check": table("What is judged.", &[], json!({
            "always": { "description": "The invariants that are watched; `all` where absent.", "anyOf": [{ "const": "all" }, names] },
            "history": table("What the clients' history must be.", &[], json!({
                "linearizable": { "enum": MODELS, "description": "Linearizable against this model." },
            })),
            "goals": list(reference("goal"), "What must happen in every run."),
            "sometimes": list(json!({ "type": "string" }), "Probes that some run of a sweep must reach."),
            "stats": list(json!({ "type": "string" }), "The statistics that are shown; all where absent."),
        })),
        "goal": table("Something that must happen in every run.", &["name", "when"], json!({
            "name": text("What people call it."),
            "when": reference("predicate"),
            "after": text("The plan item from which the bound counts; the start of the run where absent."),
            "within": described("duration", "The bound; the end of the run where absent."),
        })),
    }))
}
