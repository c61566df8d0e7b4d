//! How scenario files, command line and debugger know SWIM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use super::member::{Member, Settings, Swim, Targets};
use super::{bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // An ack came when nobody waited for it any more.
    "late-ack",
    // A ping was not answered in time, and others were asked.
    "ping-req",
    // A member heard that it had failed, and denied it.
    "denial",
    // A second member accused a suspect.
    "second-accuser",
    // One of those that are held for failed was pinged.
    "reconnect",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// T', the protocol period: each member pings one other in it. At least three times `timeout`, for a ping through others takes two
    /// round trips after the first one was in vain.
    pub period: Duration,
    /// How long a ping waits for its ack before others are asked: a round trip, generously.
    pub timeout: Duration,
    /// k: how many others are asked.
    pub k: u32,
    /// Whom a member pings: any other (`random`), or each in turn (`round-robin`).
    pub targets: Targets,
    /// Whether all periods begin together, at the start of the run. Otherwise each member begins at a random moment of a period.
    pub aligned: bool,
    /// How long a suspect has to deny: so many times ⌈log2(n + 1)⌉ periods. Fewer than 2 accuse the living.
    pub suspicion: u32,
    /// λ: each piece of news is sent λ · ⌈log2(n + 1)⌉ times by each member. Fewer than 2 may leave members out.
    pub retransmit: u32,
    /// Pieces of news on one message.
    pub piggyback: u32,
    /// Every so many periods a member pings one of those that it holds for failed; 0 for never, as in the paper, so that a partition
    /// may last for ever.
    pub reconnect: u64,
    /// S, the greatest local health multiplier (Lifeguard, §IV.A): how many times longer a member waits that hears too few answers. 0
    /// turns it off.
    pub local_health: u32,
    /// β (Lifeguard, §IV.B): a suspect has so many times longer to deny as long as few accuse it. 1 turns it off.
    pub dogpile: u32,
    /// K (Lifeguard, §IV.B): so many further accusers shorten that to the least.
    pub accusers_wanted: u32,
    /// Whether a ping to a suspect says first that it is suspected (Lifeguard, §IV.C).
    pub buddy: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            period: Duration::from_secs(1),
            timeout: Duration::from_millis(300),
            k: 3,
            targets: Targets::RoundRobin,
            aligned: false,
            suspicion: 3,
            retransmit: 3,
            piggyback: 6,
            reconnect: 10,
            local_health: 0,
            dogpile: 1,
            accusers_wanted: 3,
            buddy: false,
        }
    }
}

impl Parameters {
    fn check(&self) -> Result<(), String> {
        if self.timeout == Duration::ZERO || self.period < self.timeout * 3 {
            return Err(format!(
                "`timeout` is {}: it has to be positive, and `period`, {}, at least three times as long, such as `300ms` and `1s`",
                self.timeout, self.period
            ));
        }
        let counts = [
            ("suspicion", self.suspicion),
            ("retransmit", self.retransmit),
            ("piggyback", self.piggyback),
            ("dogpile", self.dogpile),
        ];
        match counts.iter().find(|(_, count)| *count == 0) {
            Some((name, _)) => Err(format!("`{name}` is 0: it needs at least 1")),
            None => Ok(()),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            period: self.period,
            timeout: self.timeout,
            k: self.k,
            targets: self.targets,
            aligned: self.aligned,
            suspicion: self.suspicion,
            retransmit: self.retransmit,
            piggyback: self.piggyback,
            reconnect: self.reconnect,
            local_health: self.local_health,
            dogpile: self.dogpile,
            accusers_wanted: self.accusers_wanted,
            buddy: self.buddy,
        }
    }
}

impl Registration for Swim {
    type Node = Member;
    type Parameters = Parameters;

    const NAME: &'static str = "swim";
    const SUMMARY: &'static str = "SWIM with Lifeguard: who is in the group and who has failed (Das et al. 2002, Dadgar et al. 2018)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        parameters.check()?;
        Ok(vec![parameters.settings(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Member>>> {
        invariants::all(&parameters.settings(), nodes)
    }

    fn statistics(world: &World<Member>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of(world, notes)
    }

    /// Whatever happens, as long as the disk keeps what it says it keeps: the protocol promises little, and all of the time.
    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// Who is demanded to be seen alive by all has to be up and reachable.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
