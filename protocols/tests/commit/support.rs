//! How the tests make a world and run it under its monitors.

use std::collections::BTreeMap;

use orrery_protocols::bank::{Operation, Posting};
use orrery_protocols::commit::{Commit, Form, Note, Outcome, Parameters, Site};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut, Item, MessageFilter, Target, Trigger};
use orrery_sim::registration::{NoteEntry, Workload};
use orrery_sim::{
    Bug, Bugs, ClientId, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability,
    Registration, Setup, SimTime, Violation, World,
};

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

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

pub(crate) fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

/// An item of a plan that happens at so many milliseconds.
pub(crate) fn item(millis: u64, action: CommitAction) -> Item<Operation> {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

pub(crate) fn crash(id: u32) -> CommitAction {
    Action::Crash { node: node(id), after_effects: None }
}

pub(crate) fn restart(id: u32) -> CommitAction {
    Action::Restart(node(id))
}

/// Cuts these nodes off from all others.
pub(crate) fn cut(ids: &[u32]) -> CommitAction {
    Action::Cut(Cut::Groups(vec![ids.iter().map(|id| node(*id)).collect()]))
}

/// Keeps back what `from` sends to `to` in messages of this kind.
pub(crate) fn hold(from: u32, to: u32, kind: &str) -> CommitAction {
    Action::Hold(MessageFilter {
        from: Some(node(from)),
        to: Some(node(to)),
        kind: Some(kind.into()),
        ..MessageFilter::default()
    })
}

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
    let mut setup =
        Setup::new(seed, Commit::set_up(&parameters, nodes(&parameters, participants)).unwrap());
    setup.links.default = Link { latency: Law::Constant(ms(10)), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.entries = Commit::entries(&parameters, nodes(&parameters, participants));
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
    let mix = BTreeMap::from([(String::from("transfer"), 3), (String::from("audit"), 1)]);
    let workload = Workload { keys: 6, mix };
    setup.clients.generator = Some(Commit::generator(&workload).unwrap());
    setup.clients.think = Law::Exponential(ms(20));
    setup.clients.timeout = ms(400);
    setup.clients.patience = ms(1_000);
    let mut dice = Dice(seed);
    let mut now = 20;
    while now < 2_000 {
        let victim = dice.below(u64::from(count)) as u32 + 1;
        let lasts = 5 + dice.below(150);
        let (begin, end) = match dice.below(4) {
            0 if !is_gentle => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 if !is_gentle => (cut(&[victim]), Action::Heal(None)),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item(now + lasts, end));
        now += 20 + dice.below(150);
    }
    setup
}

/// A few random numbers for plans (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// A run, its milestones and its judgement.
pub(crate) struct Run {
    pub(crate) world: World<Site>,
    pub(crate) notes: Vec<NoteEntry<Commit>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<Site>>>,
}

impl Run {
    pub(crate) fn new(setup: Setup<Commit>) -> Self {
        Self::judged_by(setup, &[])
    }

    /// Judged by the rules of these names alone; by all, if there are none.
    pub(crate) fn judged_by(setup: Setup<Commit>, rules: &[&str]) -> Self {
        let mut monitors = orrery_protocols::commit::invariants::all(&setup.configs[0]);
        let world = World::new(setup).unwrap();
        monitors.retain(|monitor| rules.is_empty() || rules.contains(&monitor.name()));
        Self { world, notes: vec![], violation: None, monitors }
    }

    /// Goes on to `millis`, or to the first violation.
    pub(crate) fn until(&mut self, millis: u64) -> &mut Self {
        while self.violation.is_none() && self.world.step(at(millis)).unwrap().is_some() {
            let step = self.world.last();
            if let Some(node) = step.handled_by {
                let (time, event) = (step.time, step.number);
                let entry = |note: &Note| NoteEntry { time, event, node, note: note.clone() };
                self.notes.extend(step.notes.iter().map(entry));
            }
            for monitor in &mut self.monitors {
                if let Err(violation) = monitor.after(step, &self.world) {
                    self.violation.get_or_insert(violation);
                }
            }
        }
        self
    }

    /// The same, and nothing may be wrong.
    pub(crate) fn safely_until(&mut self, millis: u64) -> &mut Self {
        self.until(millis);
        assert_eq!(self.violation, None, "{:?}", self.violation);
        self
    }

    /// The rule that was broken.
    pub(crate) fn broken(&self) -> Option<&'static str> {
        self.violation.as_ref().map(|violation| violation.rule)
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

    /// How often something was noted by `node`.
    pub(crate) fn count(&self, is_it: impl Fn(&Note) -> bool) -> usize {
        self.notes.iter().filter(|entry| is_it(&entry.note)).count()
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
        let home = orrery_protocols::bank::home(account, &settings.participants);
        let participant = self.world.node(home).unwrap().participant.as_ref().unwrap();
        participant.bank.balances()[&account]
    }

    /// How many transactions a participant is in doubt about, and how many wait for its locks.
    pub(crate) fn stuck(&self, id: u32) -> (usize, usize) {
        let participant = self.world.node(NodeId(id)).unwrap().participant.as_ref().unwrap();
        (participant.in_doubt().len(), participant.waiting().len())
    }

    /// A statistic by its name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let values = Commit::statistics(&self.world, &self.notes);
        let place = Commit::STATISTICS.iter().position(|statistic| statistic.name == name);
        values[place.unwrap_or_else(|| panic!("no statistic `{name}`"))]
    }
}
