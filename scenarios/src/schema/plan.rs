//! The schema of plans.

use serde_json::{Map, Value as Json, json};

use super::{described, flag, list, map, reference, table, text, whole};

pub(super) fn definitions() -> Map<String, Json> {
    let mut actions = nodes();
    actions.extend(reach());
    actions.extend(messages());
    actions.extend(machines());
    let one_of = |keys: Vec<&str>| -> Vec<Json> {
        keys.iter().map(|key| json!({ "required": [key] })).collect()
    };
    let action_keys: Vec<String> = actions.keys().cloned().collect();
    let mut keys = map(json!({
        "name": text("What other items, goals and predicates call it."),
        "at": described("duration", "When it happens."),
        "after": text("How long after another item: `crash + 1500ms`."),
        "when": described("predicate", "The event or condition at which it happens."),
        "behind": whole("The event right behind which it happens; 0 for before everything."),
        "place": whole("The place in another plan at which it draws, where that was not its own."),
        "within": described("duration", "How long it waits before it counts as planned only."),
    }));
    keys.extend(actions);
    let mut item = table("One trigger and one action.", &[], Json::Object(keys));
    item["allOf"] = json!([
        { "oneOf": one_of(vec!["at", "after", "when", "behind"]) },
        { "oneOf": one_of(action_keys.iter().map(String::as_str).collect()) },
    ]);
    map(json!({ "item": item, "cut": cut() }))
}

fn nodes() -> Map<String, Json> {
    map(json!({
        "crash": {
            "description": "The node stops; memory, timers and unsynced writes are lost.",
            "anyOf": [reference("target"), table("", &["node"], json!({
                "node": reference("target"),
                "after_effects": whole("Inside the triggering event, after so many of its effects."),
            }))],
        },
        "restart": described("target", "The node starts again from what its disk kept."),
        "wipe": described("target", "The node stops and its disk is lost."),
        "pause": described("target", "The node stands still; its clock runs on."),
        "resume": described("target", "The node goes on."),
        "slow": table("The node takes so long for each event.", &["node", "service"], json!({
            "node": reference("target"),
            "service": described("law", "How long; `0s` makes it as fast as it was."),
        })),
        "byzantine": table("The node deviates from its protocol.", &["node", "behaviour"], json!({
            "node": reference("target"),
            "behaviour": { "enum": ["honest", "equivocate", "withhold", "replay"] },
        })),
        "fire": table("An armed timer comes due now.", &["node", "timer"], json!({ "node": reference("target"), "timer": text("Its name.") })),
        "request": table("A client asks this.", &["client", "operation"], json!({
            "client": { "type": "string", "examples": ["c1"] },
            "operation": { "description": "An operation of the protocol.", "type": ["object", "string"] },
            "to": described("target", "Whom it asks first."),
        })),
    }))
}

fn cut() -> Json {
    let sides = |about| list(reference("targets"), about);
    json!({
        "description": "Which links are closed.",
        "anyOf": [
            { "enum": ["halves", "minority", "ring"] },
            table("", &["groups"], json!({ "groups": sides("Both ways between the groups; nodes in none form one more.") })),
            table("", &["isolate"], json!({ "isolate": reference("target") })),
            table("Both ways; the others still reach both sides.", &["between"], json!({ "between": sides("The two sides.") })),
            table("Two halves that only one node reaches.", &["bridge"], json!({ "bridge": reference("target") })),
            table("One way.", &["from", "to"], json!({ "from": reference("targets"), "to": reference("targets") })),
            reference("knob"),
        ],
    })
}

fn reach() -> Map<String, Json> {
    map(json!({
        "cut": described("cut", "Messages on these links do not arrive."),
        "clog": described("cut", "Messages on these links wait where they would arrive."),
        "flap": table("A cut that comes and goes.", &["cut", "on", "off", "until"], json!({
            "cut": reference("cut"),
            "on": described("range", "How long the cut lasts each time."),
            "off": described("range", "How long the network is whole in between."),
            "until": described("duration", "From then on it is whole."),
        })),
        "heal": text("The name of a cut, clog, flap or disturb, or `all`."),
        "calm": flag("Nothing new goes wrong from now on."),
    }))
}

/// The keys that say which messages are meant.
fn filter() -> Json {
    json!({
        "from": reference("target"),
        "to": reference("target"),
        "kind": text("The kind of message."),
        "from_role": text("The sender's role at the moment of sending."),
        "to_role": text("The receiver's role at the moment of sending."),
    })
}

fn messages() -> Map<String, Json> {
    let message = json!({ "type": "string", "description": "The 17th message from n1 to n2.", "examples": ["n1>n2#17"] });
    let mut disturbing = filter();
    disturbing["loss"] = described("probability", "Each is lost with this probability.");
    disturbing["burst"] = reference("burst");
    disturbing["corruption"] = described("probability", "Each is damaged with this probability.");
    disturbing["duplicate"] = described("probability", "Each arrives twice with this probability.");
    disturbing["delay"] = described("law", "How much longer each travels.");
    map(json!({
        "disturb": table("Something goes wrong with the messages that match.", &[], disturbing),
        "hold": table("Messages that match are kept back.", &[], filter()),
        "release": text("The name of a hold, or `all`."),
        "drop": message,
        "duplicate": message,
        "deliver": message,
        "delay": table("The message arrives later.", &["message", "by"], json!({
            "message": message,
            "by": reference("duration"),
        })),
    }))
}

fn machines() -> Map<String, Json> {
    map(json!({
        "clock": table("The node's clock changes its ways.", &["node"], json!({
            "node": reference("target"),
            "drift": reference("drift"),
            "freeze": flag("The clocks stand still."),
            "jump": text("The wall clock jumps: `-5s` is back."),
        })),
        "disk": table("Something happens to the node's disk.", &["node", "fault"], json!({
            "node": reference("target"),
            "fault": { "enum": ["stall", "full", "error", "lie", "corrupt", "misdirect"] },
            "record": whole("Which record, from 0; one is drawn where absent."),
        })),
        "mend": described("target", "The node's disk is whole again."),
        "reseed": whole("The seed under which everything is drawn from now on."),
    }))
}
