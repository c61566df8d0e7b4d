//! Links, places, clocks and disks: what files say of them, and how they are wrong.

use std::sync::Arc;

use crate::paper::{case_of, errors, scenario};
use orrery_harness::Case;
use orrery_sim::{
    Bandwidth, Burst, Correction, DamageBudget, Duration, DurationRange, Geography, Law,
    Millionths, NodeId, Order, Probability, Topology, WallClock,
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[track_caller]
fn case(rest: &str) -> Case {
    case_of(&scenario(rest), &[]).unwrap_or_else(|errors| panic!("{}", errors.plain()))
}

/// Asserts that the errors of `rest` are exactly `expected`.
#[track_caller]
fn check(rest: &str, expected: &str) {
    let found = errors(rest);
    assert_eq!(found.trim_end(), expected.trim(), "\n{found}");
}

#[test]
fn every_law_has_its_form() {
    let exponential = Law::Exponential(ms(1));
    for (written, law) in [
        ("\"5ms\"", Law::Constant(ms(5))),
        ("{ constant = \"5ms\" }", Law::Constant(ms(5))),
        ("{ uniform = \"1ms..10ms\" }", Law::Uniform(DurationRange::new(ms(1), ms(10)))),
        ("{ exponential = \"1ms\" }", exponential.clone()),
        ("{ normal = { mean = \"10ms\", sd = \"2ms\" } }", Law::Normal { mean: ms(10), sd: ms(2) }),
        (
            "{ log-normal = { median = \"10ms\", sigma = \"0.5\" } }",
            Law::LogNormal { median: ms(10), sigma: Millionths(500_000) },
        ),
        (
            "{ pareto = { scale = \"1ms\", shape = 1.5 } }",
            Law::Pareto { scale: ms(1), shape: Millionths(1_500_000) },
        ),
        (
            "{ empirical = [\"2ms\", \"9ms\", \"1ms\"] }",
            Law::Empirical(Arc::new([ms(1), ms(2), ms(9)])),
        ),
        (
            "{ shifted = { by = \"5ms\", law = { exponential = \"1ms\" } } }",
            Law::Shifted { by: ms(5), law: Arc::new(exponential) },
        ),
    ] {
        let case = case(&format!("link = {{ latency = {written} }}"));
        assert_eq!(case.links.default.latency, law, "{written}");
    }
    let knobs = "knobs = { heavy = 1.25 }\nlink = { latency = { pareto = { scale = \"1ms\", shape = \"$heavy * 2\" } } }";
    let law = Law::Pareto { scale: ms(1), shape: Millionths(2_500_000) };
    assert_eq!(case(knobs).links.default.latency, law);
}

#[test]
fn wrong_laws_say_what_would_be_right() {
    check(
        "link = { latency = { normal = { mean = \"10ms\" } } }",
        "x.toml:6:31: `sd` is missing here\n  help: write `{ normal = { mean = \"10ms\", sd = \"2ms\" } }`",
    );
    check(
        "link = { latency = { pareto = { scale = \"1ms\", shape = 0 } } }",
        "x.toml:6:56: `0` is no such number\n  help: write a positive number with at most six places, as in `1.5`",
    );
    check(
        "link = { latency = { lognormal = { median = \"1ms\", sigma = 1 } } }",
        "x.toml:6:22: there is no law `lognormal`\n  help: did you mean `log-normal`?",
    );
    check(
        "link = { latency = { empirical = [] } }",
        "x.toml:6:34: a table of no durations says nothing\n  help: write what was measured, as in `{ empirical = [\"1ms\", \"2ms\", \"9ms\"] }`",
    );
    let deep = (0..9).fold(String::from("\"1ms\""), |law, _| {
        format!("{{ shifted = {{ by = \"1ms\", law = {law} }} }}")
    });
    assert!(errors(&format!("link = {{ latency = {deep} }}")).contains("nested deeper than 8"));
}

#[test]
fn links_lose_damage_and_carry_as_they_are_told() {
    let case = case(
        r#"link = { latency = "5ms", burst = { begin = "1%", end = "20%", loss = 0.8 }, corruption = "0.1%", fifo = true }
links = [
  { from = "n1", to = "all", bandwidth = { rate = "1MB/s", queue = "64kB" }, fifo = false },
  { from = "n2", to = "n1", reorder = "3ms", bandwidth = { rate = "1.5 KiB/s" } },
]"#,
    );
    let burst = Burst {
        begin: "1%".parse().unwrap(),
        end: "20%".parse().unwrap(),
        loss: "80%".parse().unwrap(),
    };
    let default = &case.links.default;
    assert_eq!((default.burst, default.order), (Some(burst), Order::Fifo));
    assert_eq!(default.corruption, "0.1%".parse().unwrap());
    let law = case.links.law(NodeId(1), NodeId(5));
    assert_eq!((law.burst, law.order), (Some(burst), Order::Free));
    let bandwidth = Bandwidth { bytes_per_second: 1_000_000, queue: Some(64_000) };
    assert_eq!(law.bandwidth, Some(bandwidth));
    let law = case.links.law(NodeId(2), NodeId(1));
    assert_eq!(law.order, Order::Window(ms(3)));
    assert_eq!(law.bandwidth, Some(Bandwidth { bytes_per_second: 1_536, queue: None }));
    assert_eq!(case.links.overrides.len(), 5);
}

#[test]
fn wrong_links_say_what_would_be_right() {
    check(
        "link = { burst = { begin = \"1%\", loss = \"80%\" }, bandwidth = { rate = \"1MB\", queue = \"many\" } }",
        "\
x.toml:6:18: `end` is missing here
  help: write `{ begin = \"1%\", end = \"20%\", loss = \"80%\" }`: how likely a good link turns bad before a message, a bad one good, and how likely a bad one loses a message
x.toml:6:71: `1MB` is no rate
  help: write a number and B, kB, MB, GB, KiB, MiB or GiB, as in `1MB/s`
x.toml:6:86: `many` is no size
  help: write a number and B, kB, MB, GB, KiB, MiB or GiB, as in `64kB`",
    );
    check(
        "link = { fifo = true, reorder = \"1ms\", bandwidth = { rate = \"0B/s\" } }",
        "\
x.toml:6:23: a link that keeps the order does not reorder
  help: write `fifo = true`, or how far messages may overtake each other in `reorder`
x.toml:6:61: nothing goes through at this rate
  help: cut or clog the link in the `plan` to let nothing through",
    );
}

#[test]
fn topologies_are_words_or_have_a_size() {
    for (written, topology) in [
        ("\"clique\"", Topology::Clique),
        ("\"ring\"", Topology::Ring),
        ("\"star\"", Topology::Star),
        ("{ tree = 2 }", Topology::Tree { arity: 2 }),
        ("{ grid = 4 }", Topology::Grid { width: 4 }),
    ] {
        assert_eq!(case(&format!("topology = {written}")).links.topology, topology);
    }
    let shape = ["topology=ring"];
    let case = case_of(&scenario(""), &shape).unwrap();
    assert_eq!(case.links.topology, Topology::Ring);
    check(
        "topology = \"rign\"",
        "x.toml:6:12: there is no topology `rign`\n  help: did you mean `ring`?",
    );
    check(
        "topology = \"tree\"",
        "x.toml:6:12: this tree does not say how many children each node has\n  help: write `{ tree = 2 }`",
    );
    check(
        "topology = { ring = 3 }",
        "x.toml:6:14: `ring` has no size\n  help: write `topology = \"ring\"`",
    );
    check(
        "topology = { grid = 0 }",
        "x.toml:6:21: `0` is out of range\n  help: write a number from 1 to 4294967295",
    );
}

#[test]
fn places_decide_how_far_nodes_lie_apart() {
    let racks = case("geography = { racks = 2, within = \"1ms\", between = \"9ms\" }");
    let racks = racks.links.geography.expect("there are places");
    assert_eq!((racks.places.len(), &racks.of_node[..]), (2, &[0, 1, 0, 1, 0][..]));
    assert_eq!(racks.latency[0], [Law::Constant(ms(1)), Law::Constant(ms(9))]);
    let own = case(
        r#"[geography]
places = ["here", "there"]
nodes = ["here", "here", "there"]
latency = [["1ms", "80ms"], [{ exponential = "90ms" }, "1ms"]]"#,
    );
    let own = own.links.geography.expect("there are places");
    assert_eq!(own.of_node, [0, 0, 1, 0, 0]);
    assert_eq!(own.latency[1][0], Law::Exponential(ms(90)));
    let cloud = case("geography = { cloud = [\"us-east\", \"eu-west\", \"ap-tokyo\"] }");
    let cloud = cloud.links.geography.expect("there are places");
    let own = Geography::cloud().with_nodes_in(["us-east", "eu-west", "ap-tokyo"]).unwrap();
    assert_eq!((&cloud.places, &cloud.latency), (&own.places, &own.latency));
    assert_eq!(cloud.of_node, [0, 4, 10, 0, 4]);
}

#[test]
fn single_links_build_on_the_latency_of_their_places() {
    let case = case(
        r#"link = { duplicate = "1%" }
geography = { places = ["here", "there"], nodes = ["here", "there"], latency = [["1ms", "80ms"], ["90ms", "1ms"]] }
links = [
  { from = "n1", to = ["n2", "n3"], loss = "5%" },
  { from = "n2", to = "n1", latency = "7ms" },
]"#,
    );
    let law = |from, to| case.links.law(NodeId(from), NodeId(to));
    let [one, five] = ["1%", "5%"].map(|share| share.parse().unwrap());
    for (from, to, latency, loss) in [
        (1, 2, 80, five),
        (1, 3, 1, five),
        (1, 4, 80, Probability::NEVER),
        (2, 1, 7, Probability::NEVER),
        (4, 1, 90, Probability::NEVER),
    ] {
        let law = law(from, to);
        assert_eq!((law.latency, law.loss), (Law::Constant(ms(latency)), loss), "n{from} to n{to}");
        assert_eq!(law.duplicate, one);
    }
}

#[test]
fn wrong_places_say_what_would_be_right() {
    check(
        "geography = { places = [\"here\", \"there\"], nodes = [\"her\"], latency = [[\"1ms\", \"2ms\"]] }",
        "\
x.toml:6:52: there is no place `her`
  help: did you mean `here`?
x.toml:6:70: there are 2 places, but 1 rows here
  help: write a row for each place that messages come from, and in it a law for each place that they go to",
    );
    check(
        "geography = { cloud = [\"us-east\", \"eu-wets\"] }",
        "x.toml:6:35: there is no place `eu-wets`\n  help: did you mean `eu-west`?",
    );
    check(
        "geography = { cloud = [] }",
        "x.toml:6:23: no node is anywhere\n  help: name the place of n1, n2, and so on; the list is used again from its start",
    );
    check(
        "geography = { cloud = [\"us-east\"], racks = 2 }",
        "x.toml:6:13: this is not exactly one of `cloud`, `racks` and `places`\n  help: write `{ cloud = [\"us-east\", \"eu-west\"] }`, `{ racks = 2, within = \"100us\", between = \"500us\" }` or `{ places = [..], nodes = [..], latency = [[..], ..] }`",
    );
    check(
        "link = { latency = \"1ms\" }\ngeography = { racks = 2, within = \"1ms\", between = \"9ms\" }",
        "x.toml:6:20: the `geography` says how long messages travel\n  help: leave `latency` out, or `geography`; single links may differ in `links`",
    );
}

#[test]
fn walls_clocks_and_disks() {
    let case = case(
        r#"clocks = [
  { node = "n1", drift = "-100%" },
  { node = ["n2", "n3"], wall = { offset = "-3s", every = "64s", error = "5ms", drift_bound = "300ppm" } },
]
disk = { sync = "1ms", torn = "50%", reordered = "20%", budget = { nodes = 1, records = 2 } }"#,
    );
    let correction = Some(Correction { every: Duration::from_secs(64), error: ms(5) });
    let wall = WallClock { offset: -3_000_000_000, correction, drift_bound: 300_000 };
    assert_eq!(case.wall_clocks[1..4], [wall, wall, WallClock::default()]);
    assert_eq!(case.clocks[0].ppb(), -1_000_000_000);
    assert_eq!(case.disk.torn, "50%".parse().unwrap());
    assert_eq!(case.disk.reordered, "20%".parse().unwrap());
    assert_eq!(case.disk.budget, Some(DamageBudget { nodes: 1, records: 2 }));
    check(
        "clocks = [{ node = \"n1\", wall = { error = \"5ms\", drift_bound = \"-1ppm\" } }]\ndisk = { budget = { nodes = 1 } }",
        "\
x.toml:6:43: a clock that is never corrected has no such error
  help: write how often it is corrected, as in `every = \"64s\"`
x.toml:6:64: the bound of a drift is not negative
  help: the clock drifts at most this much in either direction: write it without sign
x.toml:7:19: `records` is missing here
  help: write `{ nodes = 1, records = 2 }`: at most so many nodes with damaged records at one time, and so many of them on each",
    );
}
