//! The JSON Schema of scenario files, for editors: `#:schema scenarios/schema.json` in the first line.

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
        "required": ["format", "title", "protocol", "nodes", "stop_at"],
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
        "link": described("link", "The laws of all links."),
        "links": list(reference("link_override"), "Links with laws of their own; what they do not name is as in `link`."),
        "clocks": list(reference("clock"), "Clocks that are not perfect."),
        "disk": table("The disks.", &[], json!({ "sync": described("law", "How long a sync takes.") })),
        "clients": reference("clients"),
        "swarm": reference("swarm"),
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
    })
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
    all.extend(network_definitions());
    all.extend(client_definitions());
    all.extend(check_definitions());
    all.extend(plan_definitions());
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
        "law": {
            "description": "How a duration is drawn.",
            "anyOf": [
                reference("duration"),
                table("", &["constant"], json!({ "constant": reference("duration") })),
                table("", &["uniform"], json!({ "uniform": { "type": "string", "examples": ["1ms..10ms"] } })),
                table("", &["exponential"], json!({ "exponential": described("duration", "The mean.") })),
            ],
        },
    }))
}

fn network_definitions() -> Map<String, Json> {
    let laws = json!({
        "latency": described("law", "How long a message travels."),
        "loss": described("probability", "How likely a message is lost."),
        "duplicate": described("probability", "How likely a message arrives twice."),
        "fifo": { "description": "Whether messages arrive in the order in which they were sent.", "anyOf": [{ "type": "boolean" }, reference("knob")] },
    });
    let mut overriding = laws.clone();
    overriding["from"] = described("nodes", "The senders.");
    overriding["to"] = described("nodes", "The receivers.");
    overriding["both"] =
        json!({ "type": "boolean", "description": "Whether the links back have the same laws." });
    map(json!({
        "link": table("The laws of a directed link.", &[], laws),
        "link_override": table("Links with laws of their own.", &["from", "to"], overriding),
        "clock": table("A clock.", &["node"], json!({
            "node": reference("nodes"),
            "offset": { "type": "string", "description": "What it shows at the start, `-5ms` for late.", "examples": ["5ms", "-5ms"] },
            "drift": reference("drift"),
        })),
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
            "crashes": whole("At most so many crashes."),
            "pauses": whole("At most so many pauses."),
            "partitions": whole("At most so many partitions."),
            "outage": described("duration", "How long a node is down or paused, or a cut lasts, at most."),
            "loss": described("probability", "At most this share of messages is lost."),
            "duplicate": described("probability", "At most this share of messages is doubled."),
            "drift": described("drift", "Clocks run at most this much faster or slower."),
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

fn plan_definitions() -> Map<String, Json> {
    let message = json!({ "type": "string", "description": "The 17th message from n1 to n2.", "examples": ["n1>n2#17"] });
    let actions = json!({
        "crash": {
            "description": "The node stops; memory, timers and unsynced writes are lost.",
            "anyOf": [reference("target"), table("", &["node"], json!({
                "node": reference("target"),
                "after_effects": whole("Inside the triggering event, after so many of its effects."),
            }))],
        },
        "restart": described("target", "The node starts again from what its disk kept."),
        "pause": described("target", "The node stands still; its clock runs on."),
        "resume": described("target", "The node goes on."),
        "cut": {
            "description": "Messages on these links do not arrive.",
            "anyOf": [
                table("", &["groups"], json!({ "groups": list(list(reference("target"), ""), "Both ways between the groups; nodes in none form one more.") })),
                table("", &["isolate"], json!({ "isolate": reference("target") })),
                table("One way.", &["from", "to"], json!({ "from": reference("targets"), "to": reference("targets") })),
            ],
        },
        "heal": text("The name of a cut, or `all`."),
        "hold": table("Messages that match are kept back.", &[], json!({
            "from": reference("target"),
            "to": reference("target"),
            "kind": text("The kind of message."),
        })),
        "release": text("The name of a hold, or `all`."),
        "drop": message,
        "duplicate": message,
        "deliver": message,
        "fire": table("An armed timer comes due now.", &["node", "timer"], json!({ "node": reference("target"), "timer": text("Its name.") })),
        "request": table("A client asks this.", &["client", "operation"], json!({
            "client": { "type": "string", "examples": ["c1"] },
            "operation": { "description": "An operation of the protocol.", "type": ["object", "string"] },
            "to": described("target", "Whom it asks first."),
        })),
        "clock": table("The clock runs at another rate from now on.", &["node", "drift"], json!({ "node": reference("target"), "drift": reference("drift") })),
    });
    let one_of = |keys: Vec<&str>| -> Vec<Json> {
        keys.iter().map(|key| json!({ "required": [key] })).collect()
    };
    let action_keys = map(actions.clone());
    let mut keys = map(json!({
        "name": text("What other items, goals and predicates call it."),
        "at": described("duration", "When it happens."),
        "after": text("How long after another item: `crash + 1500ms`."),
        "when": described("predicate", "The event or condition at which it happens."),
        "within": described("duration", "How long it waits before it counts as planned only."),
    }));
    keys.extend(action_keys.clone());
    let mut item = table("One trigger and one action.", &[], Json::Object(keys));
    item["allOf"] = json!([
        { "oneOf": one_of(vec!["at", "after", "when"]) },
        { "oneOf": one_of(action_keys.keys().map(String::as_str).collect()) },
    ]);
    map(json!({ "item": item }))
}
