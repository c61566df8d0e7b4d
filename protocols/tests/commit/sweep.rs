//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_protocols::commit::{Form, Parameters};

use crate::support::{ALL, Run, chaos, hurried};

#[test]
fn nothing_goes_wrong_under_faults() {
    for form in ALL {
        let mut endings = [0; 3];
        for seed in 0..60 {
            let co_located = seed % 2 == 1;
            let parameters = Parameters { co_located, ..hurried(form) };
            let mut run = Run::new(chaos(seed, &parameters, &[]));
            run.until(2_500);
            assert_eq!(run.violation, None, "{form:?}, seed {seed}: {:?}", run.violation);
            for (sum, one) in endings.iter_mut().zip(run.endings()) {
                *sum += one;
            }
        }
        assert!(60 * 5 < endings[0], "{form:?}: {endings:?}: too few commits to prove anything");
        assert!(20 < endings[1], "{form:?}: {endings:?}: too few aborts to prove anything");
    }
}

#[test]
fn after_the_faults_transactions_commit_again() {
    for form in ALL {
        for seed in 100..120 {
            let mut setup = chaos(seed, &hurried(form), &[]);
            setup.links.default.loss = orrery_sim::Probability::default();
            let mut run = Run::new(setup);
            run.safely_until(3_500);
            let before = run.endings()[0];
            run.safely_until(5_000);
            // Three-phase commit waits for ever where all participants have crashed.
            if form != Form::ThreePhase {
                assert!(before + 3 < run.endings()[0], "{form:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_run_and_handlers_are_pure() {
    let digest = |seed, form| Run::new(chaos(seed, &hurried(form), &[])).purely_until(1_500);
    assert_eq!(digest(7, Form::TwoPhase), digest(7, Form::TwoPhase));
    assert_ne!(digest(7, Form::PaxosCommit), digest(8, Form::PaxosCommit));
}

#[test]
fn a_copied_world_goes_on_as_the_original() {
    Run::new(chaos(3, &hurried(Form::PresumedCommit), &[])).copied_until(1_000, 2_000);
}
