//! Whatever can be written can be read, and whatever is read is no panic.

use proptest::prelude::*;

use crate::id::{ClientId, NodeId};
use crate::predicate::*;
use crate::time::Duration;

fn name() -> impl Strategy<Value = String> {
    let words =
        ["leader", "from", "node", "n3", "crash", "where", "payload", "a b", "", "é\"\\\n'", "x.y"];
    prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(str::to_string),
        "[a-z_][a-z_0-9]{0,6}"
    ]
}

fn field() -> impl Strategy<Value = String> {
    let words =
        ["term", "Leader", "n3", "node", "not", "where", "time", "self", "payload", "leader", "_1"];
    proptest::sample::select(words.to_vec()).prop_map(str::to_string)
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i128>().prop_map(Literal::Int),
        any::<String>().prop_map(Literal::Text),
        ("[a-z]", 1..=u64::from(u32::MAX))
            .prop_map(|(letter, number)| Literal::Id(letter.chars().next().unwrap(), number)),
        any::<u64>().prop_map(|nanos| Literal::Duration(Duration::from_nanos(nanos))),
    ]
}

fn node() -> impl Strategy<Value = Who> {
    prop_oneof![
        (1..=u32::MAX).prop_map(|number| Who::Node(NodeId(number))),
        name().prop_map(Who::Role),
        name().prop_map(Who::ItemNode),
    ]
}

/// A path where the event's words mean something or not, inside of a fold or not.
fn path(has_event: bool, in_fold: bool) -> impl Strategy<Value = Path> {
    let mut roots = vec![node().prop_map(Root::Node).boxed()];
    if has_event {
        roots.push(
            proptest::sample::select(vec![Root::Payload, Root::From, Root::To, Root::At]).boxed(),
        );
    }
    if in_fold {
        roots.push(Just(Root::Each).boxed());
    }
    let step = prop_oneof![field().prop_map(Step::Field), literal().prop_map(Step::Index)];
    let steps = proptest::collection::vec(step, 0..3);
    let alone =
        if has_event { vec![Root::Client, Root::Name, Root::Time] } else { vec![Root::Time] };
    let alone = proptest::sample::select(alone).prop_map(|root| Path { root, steps: vec![] });
    let stepped = (proptest::strategy::Union::new(roots), steps);
    prop_oneof![6 => stepped.prop_map(|(root, steps)| Path { root, steps }), 1 => alone]
}

fn value(has_event: bool, in_fold: bool, depth: u32) -> BoxedStrategy<Expr> {
    let path = || path(has_event, in_fold);
    let leaf = prop_oneof![
        literal().prop_map(Expr::Literal),
        path().prop_map(Expr::Path),
        path().prop_map(Expr::Len),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let sign = prop_oneof![Just(Sign::Plus), Just(Sign::Minus)];
    let inner = || value(has_event, in_fold, depth - 1);
    prop_oneof![
        3 => leaf,
        1 => (inner(), proptest::collection::vec((sign, inner()), 1..3))
            .prop_map(|(first, rest)| Expr::Sum(Box::new(first), rest)),
        1 => condition(has_event, true, depth - 1).prop_map(|e| Expr::Fold(Fold::Count, Box::new(e))),
        1 => value(has_event, true, depth - 1).prop_map(|e| Expr::Fold(Fold::Max, Box::new(e))),
        1 => condition(has_event, in_fold, depth - 1),
    ]
    .boxed()
}

fn condition(has_event: bool, in_fold: bool, depth: u32) -> BoxedStrategy<Expr> {
    let lower = depth.saturating_sub(1);
    let value = move || value(has_event, in_fold, lower).prop_map(Box::new);
    let members = prop_oneof![
        proptest::collection::vec(literal(), 0..3).prop_map(Members::Listed),
        path(has_event, in_fold).prop_map(Members::Of),
    ];
    let comparisons =
        [Comparison::Equal, Comparison::NotEqual, Comparison::LessOrEqual, Comparison::Contains];
    let comparison = proptest::sample::select(comparisons.to_vec());
    let leaf = prop_oneof![
        any::<bool>().prop_map(|truth| Expr::Literal(Literal::Bool(truth))),
        (value(), comparison, value()).prop_map(|(l, c, r)| Expr::Compare(l, c, r)),
        (value(), members).prop_map(|(value, members)| Expr::In(value, members)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = || condition(has_event, in_fold, depth - 1);
    let several = || proptest::collection::vec(inner(), 2..4);
    prop_oneof![
        leaf,
        inner().prop_map(|expr| Expr::Not(Box::new(expr))),
        several().prop_map(Expr::And),
        several().prop_map(Expr::Or),
        condition(has_event, true, depth - 1).prop_map(|e| Expr::Fold(Fold::All, Box::new(e))),
    ]
    .boxed()
}

fn event() -> impl Strategy<Value = EventPattern> {
    let who = || proptest::option::of(node());
    let kind = proptest::sample::select(EventKind::ALL);
    let client = proptest::option::of((1..=u32::MAX).prop_map(|n| Who::Client(ClientId(n))));
    let parts = (kind, proptest::option::of(name()), who(), who(), who(), client);
    parts.prop_map(|(kind, name, from, to, on, client)| EventPattern {
        kind,
        name: name.filter(|_| !kind.is_of_node()),
        from: from.filter(|_| kind.has_link()),
        to: to.filter(|_| kind.has_link()),
        on: client.filter(|_| kind.is_of_client()).or(on),
    })
}

/// Whether the parser refuses it on purpose: a bare word with a capital or beside a role, `time`
/// beside a number.
fn is_refused_on_purpose(error: &PredicateError) -> bool {
    error.message.ends_with("is no field") || error.message.ends_with("has no unit")
}

fn check(
    event: Option<EventPattern>,
    condition: Option<Expr>,
    occurrence: u32,
) -> Result<(), TestCaseError> {
    let predicate = Predicate {
        event,
        condition,
        occurrence,
        text: String::new(),
        fields: vec![],
        names: vec![],
    };
    let text = predicate.to_string();
    match Predicate::parse(&text) {
        Ok(parsed) => prop_assert_eq!(parsed, predicate, "{}", text),
        Err(error) => prop_assert!(is_refused_on_purpose(&error), "{}: {:?}", text, error),
    }
    Ok(())
}

proptest! {
    #[test]
    fn events_read_back(
        event in event(),
        condition in proptest::option::of(condition(true, false, 3)),
        occurrence in 1..=u32::MAX,
    ) {
        check(Some(event), condition, occurrence)?;
    }

    #[test]
    fn conditions_read_back(condition in condition(false, false, 3)) {
        check(None, Some(condition), 1)?;
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Predicate::parse(&text);
    }

    #[test]
    fn no_tokens_make_the_parser_panic(words in proptest::collection::vec(token(), 0..24)) {
        for text in [words.join(" "), words.concat()] {
            match Predicate::parse(&text) {
                Ok(predicate) => {
                    let again = Predicate::parse(&predicate.to_string());
                    prop_assert_eq!(again.as_ref(), Ok(&predicate), "{}", text);
                }
                Err(error) => prop_assert!(text.get(error.span).is_some(), "{}", text),
            }
        }
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    let words = [
        "deliver", "crash", "note", "from", "to", "on", "by", "where", "n1", "c1", "t2", "leader",
        "and", "or", "not", "in", "count", "any", "max", "len", "up", "role", "node", "self",
        "time", "true", "term", "Put", ".", "(", ")", "[", "]", "=", "<", "+", "-", "#", ",", "1",
        "2ms", "1.5", "\"x\"", "'", "\\", "é", "~", "!", "0",
    ];
    proptest::sample::select(words.to_vec())
}
