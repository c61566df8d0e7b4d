//! Needs the crate `orrery`.

use orrery::harness::RunOptions;
use orrery::scenarios::{Catalogue, Token, registry};

/// Figure 8: an entry on a majority of disks, and not committed
/// It failed: n1 committed i2 of t2 as leader of t4 at 0.456000s; n5 leads t5 and has i2 of t3 at 0.652000s
#[test]
fn raft_figure_8_seed_8() {
    let token: Token = "raft/figure-8@8+bug=R1~a54ee2e6".parse().expect("a token");
    let (scenario, seed, overrides, bugs) =
        token.resolve(&Catalogue::builtin()).expect("its scenario");
    let registry = registry();
    let case = scenario.case(&registry, Some(seed), &overrides, &bugs).expect("its case");
    let subject = registry.get(&case.protocol).expect("its protocol");
    let report = subject.run(&case, &RunOptions::default()).expect("a run");
    let failure = report.violation.expect("the planted bug is caught");
    assert_eq!(failure.rule, "Leader Completeness");
}
