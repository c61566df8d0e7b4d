//! How the tests make a world and run it under its monitors.

use std::ops::{Deref, DerefMut};

use orrery_protocols::bank::{self, Operation, Posting};
use orrery_protocols::commit::{Commit, Form, Note, Outcome, Parameters, invariants};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::Action;
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, spell, workload};
use orrery_sim::{
    Bug, ClientId, Duration, DurationRange, Law, Link, NodeId, Probability, Registration, Setup,
};

pub(crate) use orrery_sim::testing::{crash, cut, hold, item, ms, node, restart};

pub(crate) type CommitAction = Action<Operation>;

pub(crate) const ALL: [Form; 8] = [
    Form::TwoPhase,
    Form::PresumedAbort,
    Form::PresumedCommit,
    Form::Linear,
    Form::Decentralised,
    Form::ThreePhase,
    Form::PaxosCommit,
    Form::FasterPaxosCommit,
];

/// A transfer of `amount` from account 0 to account 1, which reads account 2.
pub(crate) fn transfer(amount: i64) -> Operation {
    let amounts = [(0, -amount), (1, amount), (2, 0)];
    let postings = amounts.map(|(account, amount)| Posting { account, amount });
    Operation::Transfer { postings: postings.to_vec() }
}

pub(crate) fn ask(client: u32, operation: Operation) -> CommitAction {
    Action::Request { client: ClientId(client), operation, to: None }
}

/// Nodes for so many participants.
pub(crate) fn nodes(parameters: &Parameters, participants: u32) -> u32 {
    match (parameters.variant, parameters.co_located) {
        (Form::PaxosCommit | Form::FasterPaxosCommit, true) => {
            participants.max(2 * parameters.faults + 1)
        }
        (Form::PaxosCommit | Form::FasterPaxosCommit, false) => {
            participants + 2 * parameters.faults + 1
        }
        _ => participants + parameters.coordinators,
    }
}

/// So many participants with one account each: 10 ms each way, no disk latency, no faults, clients that wait.
pub(crate) fn quiet(
    seed: u64,
    participants: u32,
    parameters: &Parameters,
    bugs: &[Bug],
) -> Setup<Commit> {
    let parameters = Parameters {
        participants: Some(participants),
        accounts: parameters.accounts.or(Some(participants)),
        ..parameters.clone()
    };
    let count = nodes(&parameters, participants);
    let mut setup = testing::quiet::<Commit>(seed, count, &parameters, ms(10), bugs);
    setup.clients.count = 3;
    setup.clients.timeout = ms(1_000_000);
    setup.clients.patience = ms(2_000_000);
    setup
}

/// Short waits, for chaos.
pub(crate) fn hurried(protocol: Form) -> Parameters {
    Parameters {
        variant: protocol,
        inquiry: if protocol == Form::ThreePhase { ms(200) } else { ms(100) },
        vote_timeout: ms(80),
        resend: ms(60),
        work_timeout: ms(150),
        idle: ms(300),
        round: ms(40),
        checkpoint: 4,
        cooperative: true,
        accounts: Some(6),
        ..Parameters::default()
    }
}

/// Clients that transfer and audit without rest, with faults drawn from the seed: for three-phase commit crashes alone.
pub(crate) fn chaos(seed: u64, parameters: &Parameters, bugs: &[Bug]) -> Setup<Commit> {
    let mut setup = quiet(seed, 3, parameters, bugs);
    let count = setup.configs.len() as u32;
    let is_gentle = parameters.variant == Form::ThreePhase;
    setup.links.default = if is_gentle {
        Link { latency: Law::Uniform(DurationRange::new(ms(1), ms(10))), ..Link::default() }
    } else {
        Link {
            latency: Law::Exponential(ms(8)),
            loss: Probability::ratio(1, 20),
            duplicate: Probability::ratio(1, 5),
            ..Link::default()
        }
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(2)));
    let workload = workload(6, &[("transfer", 3), ("audit", 1)]);
    setup.clients.generator = Some(Commit::generator(&workload).unwrap());
    setup.clients.think = Law::Exponential(ms(20));
    setup.clients.timeout = ms(400);
    setup.clients.patience = ms(1_000);
    let chaos = Chaos { begin: 20..2_000, last: 5..155, apart: 20..170, over: None };
    let fault = |die, victim, when| {
        if is_gentle {
            spell(when, crash(victim), restart(victim))
        } else {
            pause_cut_or_crash(die, victim, when)
        }
    };
    setup.plan.items = chaos.items(seed, count, 4, fault);
    setup
}

/// A run of atomic commit.
pub(crate) struct Run(testing::Run<Commit>);

impl Deref for Run {
    type Target = testing::Run<Commit>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Run {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Run {
    pub(crate) fn new(setup: Setup<Commit>) -> Self {
        Self::judged_by(setup, &[])
    }

    /// Judged by the rules of these names alone; by all, if there are none.
    pub(crate) fn judged_by(setup: Setup<Commit>, rules: &[&str]) -> Self {
        let mut monitors = invariants::all(&setup.configs[0]);
        monitors.retain(|monitor| rules.is_empty() || rules.contains(&monitor.name()));
        Self(testing::Run::judged_by(setup, monitors))
    }

    /// Who decided what, and when, in milliseconds.
    pub(crate) fn decisions(&self) -> Vec<(u32, Outcome, u64)> {
        let decided = self.notes.iter().filter_map(|entry| match &entry.note {
            Note::Decided { outcome, .. } => {
                Some((entry.node.0, *outcome, entry.time.as_nanos() / 1_000_000))
            }
            _ => None,
        });
        decided.collect()
    }

    /// How clients' operations ended: committed, aborted, unknown.
    pub(crate) fn endings(&self) -> [u32; 3] {
        let mut ends = [0; 3];
        for entry in self.world.history() {
            match entry.what {
                HistoryKind::Invoke(_) => {}
                HistoryKind::Ok(_) => ends[0] += 1,
                HistoryKind::Fail => ends[1] += 1,
                HistoryKind::Info => ends[2] += 1,
            }
        }
        ends
    }

    /// What is on an account.
    pub(crate) fn balance(&self, account: u32) -> i64 {
        let settings = self.world.config(NodeId(1));
        let home = bank::home(account, &settings.participants);
        let participant = self.world.node(home).unwrap().participant.as_ref().unwrap();
        participant.bank.balances()[&account]
    }

    /// How many transactions a participant is in doubt about, and how many wait for its locks.
    pub(crate) fn stuck(&self, id: u32) -> (usize, usize) {
        let participant = self.world.node(NodeId(id)).unwrap().participant.as_ref().unwrap();
        (participant.in_doubt().len(), participant.waiting().len())
    }
}
