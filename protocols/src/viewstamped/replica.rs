//! A replica: its state (figure 2) and which rule handles what.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{
    Context, Duration, DurationRange, Node, NodeId, OperationId, Protocol, Sequence, Start,
};

use crate::kv::{Command, Operation, Output, Store};
use crate::quorum::majority;

use super::message::{CrashVector, DoViewChange, Message, RecoveryResponse};
use super::numbers::{OpNumber, ViewNumber};

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vr;

impl Protocol for Vr {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What a replica keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How long a replica hears nothing of its view until it asks for another.
    pub view_timeout: DurationRange,
    /// How often a primary is heard.
    pub heartbeat: Duration,
    /// How long a replica that recovers waits until it asks again.
    pub recovery_retry: Duration,
    /// Whether quorums must be consistent with all crashes that they know of.
    pub crash_vectors: bool,
}

/// What a replica waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Nothing was heard of the primary, or a view change does not end.
    ViewChange,
    /// The primary: time to be heard.
    Heartbeat,
    /// Not enough answered a replica that recovers.
    Recovery,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A replica begins to work as the primary of a view.
    Leads {
        /// Which view.
        view: ViewNumber,
        /// The end of the log with which it begins.
        op: OpNumber,
    },
    /// A replica wants another view.
    ViewChange {
        /// Which.
        view: ViewNumber,
    },
    /// A replica is normal in a view that somebody else leads.
    Follows {
        /// Which.
        view: ViewNumber,
    },
    /// A primary knows that a quorum has everything up to here.
    Committed {
        /// In this view.
        view: ViewNumber,
        /// The last op.
        op: OpNumber,
    },
    /// A request was executed.
    Executed {
        /// Its op-number.
        op: OpNumber,
        /// What it was.
        command: Command,
        /// Whether it changed anything: a repetition does not.
        took_effect: bool,
    },
    /// A replica that lost its memory asks for help.
    Recovers {
        /// The nonce of its question.
        nonce: u32,
    },
    /// It has its memory back.
    Recovered {
        /// The view that it is in.
        view: ViewNumber,
        /// The end of its log.
        op: OpNumber,
    },
}

/// What a replica is doing (figure 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Working in its view.
    Normal,
    /// Between two views.
    ViewChange,
    /// Without memory.
    Recovering,
}

/// One replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// Its place in the configuration, which is all nodes of the run.
    pub(super) id: NodeId,
    /// How many there are: 2f + 1.
    pub(super) replicas: u32,

    // The state of figure 2. The client-table is in the store.
    /// The view that it is in, or wants to be in.
    pub(super) view_number: ViewNumber,
    /// What it is doing.
    pub(super) status: Status,
    /// The requests, `o1` first.
    pub(super) log: Sequence<Command>,
    /// The last request that it knows to be committed. It has executed them all.
    pub(super) commit_number: OpNumber,
    /// What the committed requests made, and what clients were told.
    pub(super) state_machine: Store,

    /// The latest view in which its status was normal.
    pub(super) last_normal: ViewNumber,
    /// As a primary: up to where each backup has the log.
    pub(super) prepared: BTreeMap<NodeId, OpNumber>,
    /// Who wants this view, itself included.
    pub(super) start_view_changes: BTreeMap<NodeId, CrashVector>,
    /// As the primary to be: what the others have.
    pub(super) do_view_changes: BTreeMap<NodeId, DoViewChange>,
    /// While it recovers: the answers.
    pub(super) responses: BTreeMap<NodeId, RecoveryResponse>,
    /// Who crashed how often, as far as it knows.
    pub(super) crash_vector: CrashVector,
    /// What it keeps to.
    pub(super) settings: Settings,
}

impl Node for Replica {
    type Protocol = Vr;

    fn on_start(start: Start<'_, Vr>, ctx: &mut Context<'_, Vr>) -> Self {
        let mut replica = Self::new(start.id, ctx.node_count(), *start.config);
        if start.incarnation == 0 {
            replica.begin(ctx);
        } else {
            replica.recover(start.incarnation, ctx);
        }
        replica
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Vr>) {
        if let Message::RecoveryResponse(response) = message {
            return self.on_recovery_response(from, response, ctx);
        }
        if self.status == Status::Recovering {
            return; // It takes part in nothing before it knows what it promised (§4.3).
        }
        match message {
            Message::Prepare(prepare) => self.on_prepare(from, prepare, ctx),
            Message::PrepareOk { view_number, op_number } => {
                self.on_prepare_ok(from, view_number, op_number, ctx);
            }
            Message::Commit { view_number, commit_number } => {
                self.on_commit(from, view_number, commit_number, ctx);
            }
            Message::StartViewChange { view_number, crash_vector } => {
                self.on_start_view_change(from, view_number, crash_vector, ctx);
            }
            Message::DoViewChange(change) => self.on_do_view_change(from, change, ctx),
            Message::StartView { view_number, log, commit_number } => {
                self.on_start_view(view_number, log, commit_number, ctx);
            }
            Message::Recovery { nonce } => self.on_recovery(from, nonce, ctx),
            Message::GetState { view_number, op_number } => {
                self.on_get_state(from, view_number, op_number, ctx);
            }
            Message::NewState(state) => self.on_new_state(state, ctx),
            Message::RecoveryResponse(_) => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Vr>) {
        match timer {
            Timer::ViewChange => self.timeout(ctx),
            Timer::Heartbeat => self.heartbeat(ctx),
            Timer::Recovery => self.ask_for_recovery(ctx),
        }
    }

    fn on_operation(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Vr>) {
        self.request(id, operation, ctx);
    }

    fn is_recovering(&self) -> bool {
        self.status == Status::Recovering
    }

    fn role(&self) -> &'static str {
        match self.status {
            Status::Normal if self.is_primary() => "primary",
            Status::Normal => "backup",
            Status::ViewChange => "view-change",
            Status::Recovering => "recovering",
        }
    }

    fn epoch(&self) -> u64 {
        self.view_number.0
    }
}

impl Replica {
    /// A replica that knows nothing.
    fn new(id: NodeId, replicas: u32, settings: Settings) -> Self {
        Self {
            id,
            replicas,
            view_number: ViewNumber(0),
            status: Status::Normal,
            log: Sequence::new(),
            commit_number: OpNumber(0),
            state_machine: Store::default(),
            last_normal: ViewNumber(0),
            prepared: BTreeMap::new(),
            start_view_changes: BTreeMap::new(),
            do_view_changes: BTreeMap::new(),
            responses: BTreeMap::new(),
            crash_vector: BTreeMap::new(),
            settings,
        }
    }

    /// The run begins: everybody is in the first view.
    fn begin(&mut self, ctx: &mut Context<'_, Vr>) {
        self.become_normal(ctx);
    }

    /// The replica works in its view from now on, as its primary or as a backup.
    pub(super) fn become_normal(&mut self, ctx: &mut Context<'_, Vr>) {
        self.status = Status::Normal;
        self.last_normal = self.view_number;
        self.prepared.clear();
        self.start_view_changes.clear();
        self.do_view_changes.clear();
        let view = self.view_number;
        if self.is_primary() {
            ctx.note(Note::Leads { view, op: self.op_number() });
            ctx.cancel_timer(Timer::ViewChange);
            ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
        } else {
            ctx.note(Note::Follows { view });
            ctx.cancel_timer(Timer::Heartbeat);
            self.restart_view_timer(ctx);
        }
    }

    /// The primary was heard, or another view is wanted: so much patience from now on.
    pub(super) fn restart_view_timer(&self, ctx: &mut Context<'_, Vr>) {
        ctx.set_timer_between(Timer::ViewChange, self.settings.view_timeout);
    }

    /// Executes what is committed up to `through`, as far as it is in the log. The primary answers the clients (§4.1, steps 5 and 7).
    pub(super) fn execute(&mut self, through: OpNumber, ctx: &mut Context<'_, Vr>) {
        while self.commit_number < through.min(self.op_number()) {
            let op = self.commit_number.next();
            let Some(command) = self.at(op).cloned() else { return };
            self.commit_number = op;
            let execution = self.state_machine.execute(&command);
            if let (true, Some(id), Some(reply)) =
                (self.is_primary(), command.operation(), execution.reply)
            {
                reply.tell(id, ctx);
            }
            ctx.note(Note::Executed { op, command, took_effect: execution.took_effect });
        }
    }

    /// The request at `op`.
    pub(super) fn at(&self, op: OpNumber) -> Option<&Command> {
        self.log.get(usize::try_from(op.0.checked_sub(1)?).ok()?)
    }

    /// How many replicas make a quorum: f + 1.
    pub(super) fn quorum(&self) -> u32 {
        majority(self.replicas)
    }
}

/// What monitors, tests and other tools look at.
impl Replica {
    /// The op-number of the last request in the log.
    pub fn op_number(&self) -> OpNumber {
        OpNumber(self.log.len() as u64)
    }

    /// The last request that it knows to be committed, and has executed.
    pub const fn commit_number(&self) -> OpNumber {
        self.commit_number
    }

    /// The view that it is in, or wants to be in.
    pub const fn view_number(&self) -> ViewNumber {
        self.view_number
    }

    /// What it is doing.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Its log.
    pub const fn log(&self) -> &Sequence<Command> {
        &self.log
    }

    /// What the committed requests made.
    pub const fn state_machine(&self) -> &Store {
        &self.state_machine
    }

    /// Whether its view is its own to lead.
    pub fn is_primary(&self) -> bool {
        self.view_number.primary(self.replicas) == self.id
    }
}
