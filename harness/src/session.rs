//! The one door through which debugger, exporters and catalogue see a run, whatever its protocol: a cursor
//! over its events, and a view of the world at the cursor.

use std::rc::Rc;

use serde_json::Value as Json;

use orrery_sim::plan::{Action, Behaviour, MessageAddress};
use orrery_sim::{ClientId, LocalTime, NodeId, Sequence, SimTime, Value, WallTime};

use crate::case::Case;
use crate::marks::Mark;
use crate::report::Report;

/// A run that can be walked through, forwards and backwards.
pub trait Session {
    /// What is being looked at.
    fn header(&self) -> &Header;

    /// The marks of all events of the run, in order; that of event `n` is at `n - 1`.
    fn marks(&self) -> &Sequence<Mark>;

    /// The event of that number, described; `None` where the run has none. Costs nothing again for its neighbours:
    /// events are described by the hundred and kept for a while.
    fn row(&self, event: u64) -> Option<Rc<Row>>;

    /// The number of the last event.
    fn events(&self) -> u64 {
        self.marks().len() as u64
    }

    /// The number of the event after which the world is viewed; 0 before the first.
    fn cursor(&self) -> u64;

    /// Moves the cursor to `event`, or to the last one if there are fewer.
    ///
    /// # Errors
    /// Where the run cannot be made again up to there.
    fn seek(&mut self, event: u64) -> Result<(), SessionError>;

    /// The world at the cursor.
    fn view(&self) -> &WorldView;

    /// What the whole run came to.
    fn report(&self) -> &Report;

    /// Whether the run was made to its end. Before, it has the events that were made so far, and its report no verdict.
    fn is_complete(&self) -> bool {
        true
    }

    /// Makes at most so many more events of a run that is not complete; whether there are more to be made.
    fn advance(&mut self, _events: u64) -> bool {
        false
    }

    /// What makes the run again, interventions included; `None` where that is not known.
    fn case(&self) -> Option<&Case> {
        None
    }

    /// How much of it was made, in percent; `None` where that follows from its [case](Session::case).
    fn percent_made(&self) -> Option<u64> {
        None
    }

    /// Where the run comes from, in a sentence, if it is not made here: a recording can be looked at, not changed.
    fn recorded(&self) -> Option<&str> {
        None
    }

    /// The run as it would have gone on from the cursor, had somebody done this there: a run of its own, its cursor
    /// right behind the intervention, with what came before shared. It is not complete: who looks at it
    /// [makes it](Session::advance). What was done in this run behind the cursor is not done in the other. This run stays as
    /// it is.
    ///
    /// # Errors
    /// Where runs of this kind cannot be changed, where the action names what does not exist, or where the run had ended.
    fn fork(&self, _action: &Action<Json>) -> Result<Box<dyn Session>, SessionError> {
        Err(SessionError(String::from(
            "this run cannot be changed, only looked at: make it again from its scenario to do so",
        )))
    }
}

impl dyn Session + '_ {
    /// Makes the run to its end.
    pub fn complete(&mut self) {
        while self.advance(u64::MAX) {}
    }

    /// All events of the run, described, in order. Makes the run once more as it goes.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Rc<Row>> + '_ {
        (1..=self.events()).filter_map(|event| self.row(event))
    }
}

/// Why a session cannot go there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SessionError(pub String);

/// What a session is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The protocol's name.
    pub protocol: String,
    /// The seed.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u32,
    /// How many clients.
    pub clients: u32,
    /// The planted bugs, by id.
    pub bugs: Vec<String>,
    /// What repeats the run; where there are interventions, the run in which they were made.
    pub token: String,
    /// What people did in it, each in a few words.
    pub interventions: Vec<String>,
}

impl Header {
    /// Of a run of `case`, which came to have so many nodes.
    pub fn of(case: &Case, nodes: u32) -> Self {
        Self {
            scenario: case.scenario.clone(),
            title: case.title.clone(),
            protocol: case.protocol.clone(),
            seed: case.seed,
            nodes,
            clients: case.clients.count,
            bugs: case.bugs.clone(),
            token: case.token.clone(),
            interventions: case.interventions.iter().map(crate::describe::intervention).collect(),
        }
    }
}

/// One event, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub time: SimTime,
    /// The event that brought it about.
    pub cause: Option<u64>,
    /// The node where it happened.
    pub node: Option<NodeId>,
    /// What happened.
    pub kind: RowKind,
    /// What happened, in a few words: `AppendEntries`, `timer Election`, `crash`.
    pub title: String,
    /// The payload in one line, where there is one.
    pub payload: Option<String>,
    /// What the node did, each in one line, in order.
    pub effects: Vec<String>,
    /// The messages that went out.
    pub sent: Vec<SentRow>,
    /// The milestones that were reported, each in one line.
    pub notes: Vec<String>,
    /// The node's role after the event, where it changed.
    pub new_role: Option<String>,
    /// What the scenario tells about it.
    pub narration: Vec<String>,
    /// The rule that was found broken at this event.
    pub violation: Option<String>,
}

/// What kind of event a row is, for drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A node started for the first time.
    Start,
    /// A message arrived.
    Arrive {
        /// Its address; the sender is `message.from`.
        message: MessageAddress,
        /// The number of the event that sent it.
        sent_at: u64,
        /// What became of it.
        fate: ArrivalFate,
        /// Whether it is a copy.
        is_copy: bool,
    },
    /// A timer came due.
    Timer,
    /// The disk answered.
    Synced,
    /// A client asked.
    Ask {
        /// Who.
        client: ClientId,
        /// 1 for the invocation, more for retries.
        attempt: u32,
    },
    /// A client gave up.
    GiveUp {
        /// Who.
        client: ClientId,
    },
    /// The plan, or a person, did something.
    Fault {
        /// The action's word, such as `crash`.
        word: &'static str,
        /// The directed links that were closed or opened.
        pairs: Vec<(NodeId, NodeId)>,
    },
    /// A node's code panicked: the last event of the run.
    Panic,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalFate {
    /// The node handled it.
    Handled,
    /// It waits in the inbox of a node that stands still or is slow.
    Waits,
    /// The node was down.
    Down,
    /// The way was cut.
    CutOff,
    /// It waits for the way to be no longer clogged.
    Clogged,
    /// The link had damaged it: the receiver's checksum discarded it.
    Damaged,
}

/// A message that went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRow {
    /// Its address.
    pub message: MessageAddress,
    /// Its kind.
    pub kind: String,
    /// When it arrives; `None` if it is lost or kept back.
    pub arrives: Option<SimTime>,
    /// Whether the link lost it at once.
    pub is_lost: bool,
}

/// How much of what grows with the run a view shows at least, so that a look at a long run costs no more than one
/// at a short one.
pub const SHOWN: usize = 64;

/// The world at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldView {
    /// The time of the last event.
    pub time: SimTime,
    /// The number of the last event.
    pub event: u64,
    /// The nodes, `n1` first.
    pub nodes: Vec<NodeView>,
    /// Messages on the wire, first due first.
    pub in_flight: Vec<FlightView>,
    /// Messages that a hold keeps back.
    pub kept_back: Vec<FlightView>,
    /// Directed links that are cut, in order.
    pub closed: Vec<(NodeId, NodeId)>,
    /// The operations of clients so far, in the order of invocation: the last [`SHOWN`] at least.
    pub operations: Vec<OperationView>,
    /// How many older ones are left out.
    pub older_operations: u64,
}

/// One node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Which.
    pub id: NodeId,
    /// Whether it is up.
    pub is_up: bool,
    /// Whether it stands still.
    pub is_paused: bool,
    /// Whether it takes time for each event.
    pub is_slow: bool,
    /// How many events wait for it, the one that it is at included.
    pub inbox: usize,
    /// How it deviates from its protocol.
    pub behaviour: Behaviour,
    /// Its role; empty while it is down.
    pub role: String,
    /// The term, ballot or epoch of its role.
    pub epoch: u64,
    /// How often it has started before.
    pub incarnation: u32,
    /// What its clock shows.
    pub clock: LocalTime,
    /// What its wall clock shows.
    pub wall_clock: WallTime,
    /// Its state; `Null` while it is down. Of long lists and maps, the last [`SHOWN`] elements at least.
    pub state: Value,
    /// Its armed timers and when they are due.
    pub timers: Vec<(String, Option<SimTime>)>,
    /// What is wrong with its disk, each in a few words.
    pub disk: Vec<String>,
    /// The durable records of its journal, oldest first, each in one line, with what is wrong with it: the last
    /// [`SHOWN`] at least.
    pub journal: Vec<String>,
    /// How many older ones are left out.
    pub older_records: u64,
    /// What was written but is not durable, each in one line.
    pub unsynced: Vec<String>,
    /// The effects that wait for its disk, each in one line.
    pub waiting: Vec<String>,
}

/// One message at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlightView {
    /// Its address.
    pub message: MessageAddress,
    /// Its kind.
    pub kind: String,
    /// What it says, in one line.
    pub payload: String,
    /// When it arrives; `None` while it is kept back.
    pub arrives: Option<SimTime>,
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationView {
    /// Its id, such as `c1.3`.
    pub id: String,
    /// Who asked.
    pub client: ClientId,
    /// What was asked, in one line.
    pub asked: String,
    /// When.
    pub invoked: SimTime,
    /// The event at which it was asked.
    pub invoked_at: u64,
    /// When it ended.
    pub ended: Option<SimTime>,
    /// The event at which it ended.
    pub ended_at: Option<u64>,
    /// How it ended, in one line: the output, `fail` or `unknown`; `None` while it is open.
    pub ending: Option<String>,
}
