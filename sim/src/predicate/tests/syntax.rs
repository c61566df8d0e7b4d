//! What parses, and what is said of that which does not.

use crate::id::{ClientId, NodeId};
use crate::predicate::*;

fn parsed(text: &str) -> Predicate {
    Predicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The message, help and faulty part of a text that does not parse.
fn refused(text: &str) -> (String, String, &str) {
    let error = Predicate::parse(text).expect_err(text);
    (error.message, error.help.unwrap_or_default(), &text[error.span])
}

#[test]
fn every_form_parses_and_prints_canonically() {
    for (text, canonical) in [
        ("note Elected #2", ""),
        ("note Elected by n3 where term > 2", "note Elected on n3 where term > 2"),
        ("deliver AppendEntries to n3 where term = 2 and len(entries) > 0 #2", ""),
        ("send RequestVote from n1 to n2", ""),
        ("send RequestVote to n2 from n1 #1", "send RequestVote from n1 to n2"),
        ("drop AppendEntries from n1", ""),
        ("timer Election on n5", ""),
        ("crash n1", ""),
        ("crash", ""),
        ("restart on crash.node", "restart crash.node"),
        ("pause 'cut 1'.node", "pause \"cut 1\".node"),
        ("resume leader", ""),
        ("cut", ""),
        ("heal #3", ""),
        ("invoke Put by c1 where key = \"x\"", ""),
        ("complete Get where value = '1'", "complete Get where value = \"1\""),
        ("fail", ""),
        ("unknown by c2", ""),
        ("sync n2", ""),
        ("probe \"from\"", ""),
        ("count(role = \"leader\") >= 2", ""),
        ("n3.commit_index >= 4 and leader.term > 2", ""),
        ("any(role = \"leader\" and term > 3)", ""),
        ("all(commit_index >= 5) #2", ""),
        ("deliver where from = n1", ""),
        ("not up(n1) and role(n2) = \"follower\"", "not n1.up and n2.role = \"follower\""),
        ("! n1.up || n2.up && n3.up", "not n1.up or n2.up and n3.up"),
        ("(n1.up or n2.up) and (n3.up and (n4.up))", "(n1.up or n2.up) and (n3.up and n4.up)"),
        (
            "n1.term in [2, t3, -4, 'x', null, true, 150ms]",
            "n1.term in [2, t3, -4, \"x\", null, true, 150ms]",
        ),
        ("n1 in leader.votes", ""),
        (
            "leader.next_index[n3] == leader.entries[-1].index+1-2",
            "leader.next_index[n3] = leader.entries[-1].index + 1 - 2",
        ),
        ("max(term) - min(term) > 1", ""),
        ("any(role.Leader.next_index ~ \"n2\")", ""),
        ("time >= 1500ms", "time >= 1.5s"),
        ("coordinator.state = \"waiting\"", ""),
        ("crash.node.term > 2", ""),
        ("deliver where crash.node > 2", ""),
        (
            "send where to.term < payload.term and node(crash.node).term = 1",
            "send where to.term < term and node(crash.node).term = 1",
        ),
        ("note where count(term > payload.term and self.name = 1) = 1", ""),
        ("any(voted_for = self)", ""),
        ("true", ""),
    ] {
        let predicate = parsed(text);
        let printed = predicate.to_string();
        assert_eq!(printed, if canonical.is_empty() { text } else { canonical });
        assert_eq!(parsed(&printed), predicate, "{printed}");
        assert_eq!(predicate.text(), text);
    }
}

#[test]
fn a_pattern_has_its_parts() {
    let predicate = parsed("deliver AppendEntries to n3 from follower #2");
    let event = predicate.event.unwrap();
    assert_eq!(event.kind, EventKind::Deliver);
    assert_eq!(event.name.as_deref(), Some("AppendEntries"));
    assert_eq!(event.from, Some(Who::Role("follower".into())));
    assert_eq!(event.to, Some(Who::Node(NodeId(3))));
    assert_eq!((event.on, predicate.condition, predicate.occurrence), (None, None, 2));
    assert_eq!(parsed("invoke by c1").event.unwrap().on, Some(Who::Client(ClientId(1))));
    let item = Some(Who::ItemNode("crash".into()));
    assert_eq!(parsed("restart crash.node").event.unwrap().on, item);
}

#[test]
fn errors_point_at_the_fault_and_say_what_would_be_right() {
    for (text, message, help, fault) in [
        ("delivr X", "no event kind `delivr`", "did you mean `deliver`?", "delivr"),
        ("elected #2", "no event kind `elected`", "the kinds are deliver, send", "elected"),
        ("", "the predicate is empty", "write an event", ""),
        ("(n1.up", "this `(` is never closed", "add `)`", "("),
        ("n1.term in [1, 2", "this `[` is never closed", "add `]`", "["),
        ("n1.up) and n2.up", "expected `and`, `or`, `#` or the end, found `)`", "", ")"),
        ("cuont(up) > 1", "no function `cuont`", "did you mean `count`?", "cuont"),
        ("note Elected #0", "there is no match `#0`", "the first one is `#1`", "0"),
        ("note Elected #", "expected a number after `#`, found the end", "the second", ""),
        ("note Elected #1 x", "expected the end, found `x`", "", "x"),
        ("note Elected wehre term = 2", "expected `from`, `to`", "did you mean `where`?", "wehre"),
        ("note Elected where", "expected a value, found the end", "", ""),
        ("n1.up where n2.up", "expected `and`, `or`", "`where` follows an event", "where"),
        ("1 < n1.term < 3", "expected `and`, `or`", "comparisons do not chain", "<"),
        ("deliver n3", "`n3` is no name of a deliver", "write `from` or `to` before it", "n3"),
        ("timer Election from n1", "`timer` has no `from`", "write `on`", "from"),
        ("send to n1 to n2", "`to` is there twice", "leave one out", "to"),
        ("deliver from c1", "`deliver` is about nodes, and `c1` is a client", "clients take", "c1"),
        ("crash n0", "there is no node `n0`", "nodes count from `n1`", "n0"),
        ("crash t2", "`t2` is no node", "nodes are `n1`", "t2"),
        ("crash cut.edon", "expected `node` after a plan item's name, found `edon`", "", "edon"),
        (
            "term > 2",
            "`term` of which node?",
            "write `n1.term`, `leader.term` or `any(term",
            "term",
        ),
        (
            "n2.role = follower",
            "`follower` of which node?",
            "needs quotes: \"follower\"",
            "follower",
        ),
        ("any(role = leader)", "`leader` is no field", "needs quotes: \"leader\"", "leader"),
        ("note where kind = Put", "`Put` is no field", "needs quotes: \"Put\"", "Put"),
        ("n1.term + 1", "`n1.term + 1` is no condition", "compare it", "n1.term + 1"),
        ("count(term) > 1 and len(n1.log)", "`len(n1.log)` is no condition", "", "len(n1.log)"),
        ("time > 2", "`2` has no unit", "write `2s` or `2ms`", "2"),
        ("time > 1.5", "`1.5`", "", "1.5"),
        ("from = n1", "`from` is part of an event", "name one", "from"),
        ("any(name = 1)", "`name` is part of an event", "write `self.name`", "name"),
        ("self.term = 1", "there is no `self` here", "", "self"),
        ("c1.term = 1", "`c1` has no fields", "", "c1"),
        ("up(c1)", "`c1` is a client, not a node", "", "up(c1"),
        ("time.x = 1s", "`time.x`: this has no fields", "", "time.x"),
        ("n1.key = \"x", "the text does not end", "close it with `\"`", "\"x"),
        ("n1.key = 'a\\q'", "no text has the escape `\\q`", "a text knows", "\\q"),
        ("n1.key = é", "no predicate has the character `é`", "", "é"),
        (
            "n1.term > 999999999999999999999999999999999999999999",
            "`9999",
            "",
            "999999999999999999999999999999999999999999",
        ),
        ("n1.term in [x]", "`x` is no constant", "needs quotes: \"x\"", "x"),
        ("n1. = 2", "expected a field, found `=`", "", "="),
    ] {
        let (own_message, own_help, own_fault) = refused(text);
        assert!(own_message.starts_with(message), "{text}: {own_message}");
        assert!(own_help.contains(help), "{text}: {own_help}");
        assert_eq!(own_fault, fault, "{text}");
    }
}

#[test]
fn nesting_has_a_limit_and_length_has_none() {
    let nested = |depth: usize| format!("{}n1.up{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parsed(&nested(64)), parsed("n1.up"));
    assert_eq!(refused(&nested(65)).0, "conditions are nested deeper than 64 levels");
    assert!(refused(&"not ".repeat(100_000)).0.contains("nested deeper"));
    assert!(refused(&"any(".repeat(100_000)).0.contains("nested deeper"));
    let long = parsed(&vec!["n1.up"; 50_000].join(" and "));
    assert_eq!(parsed(&long.to_string()), long);
    parsed(&format!("n1.term = {}", vec!["1"; 50_000].join(" - ")));
}

#[test]
fn fields_and_names_are_listed_with_their_place() {
    let text = "deliver X to n9 where entries[0].term = n2 and to.log.len > 1 and \
        count(role = 'leader' and commit > payload.commit) = 1 and node(crash.node).up";
    let predicate = parsed(text);
    let fields: Vec<_> = predicate
        .fields()
        .iter()
        .map(|field| (field.place, field.name.as_str(), &text[field.span.clone()]))
        .collect();
    assert_eq!(
        fields,
        [
            (Place::Payload, "entries", "entries[0].term"),
            (Place::State, "log", "to.log.len"),
            (Place::State, "commit", "commit"),
            (Place::Payload, "commit", "payload.commit"),
        ]
    );
    let names: Vec<_> = predicate
        .names()
        .iter()
        .map(|name| (name.who.to_string(), &text[name.span.clone()]))
        .collect();
    let expected = [("n9", "n9"), ("n2", "n2"), ("crash.node", "crash.node")];
    assert_eq!(names, expected.map(|(who, span)| (who.to_string(), span)));
    assert_eq!(predicate.nodes().map(|(node, _)| node.0).collect::<Vec<_>>(), [9, 2]);
}

#[test]
fn a_predicate_is_a_text_in_files() {
    let predicate: Predicate = serde_json::from_str("\"crash   n1\"").unwrap();
    assert_eq!(serde_json::to_string(&predicate).unwrap(), "\"crash n1\"");
    let error = serde_json::from_str::<Predicate>("\"crsh n1\"").unwrap_err().to_string();
    assert!(error.starts_with("no event kind `crsh`; did you mean `crash`?"), "{error}");
}
