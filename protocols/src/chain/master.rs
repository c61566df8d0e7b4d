//! The master (§3): it detects failures, decides what the chain is, and tells everybody.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{Context, LocalTime, NodeId, Start};

use super::configuration::{Configuration, Member, Place};
use super::message::Message;
use super::{Chain, Note, Record, Settings, Timer};

/// The master. The paper assumes that it does not fail, and says to replicate it: here it comes back from its disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Master {
    /// The chain. On disk before anybody is told.
    pub(super) configuration: Configuration,
    /// The servers that were heard lately.
    alive: BTreeSet<NodeId>,
    /// When each server was heard last, or the master began to listen.
    heard: BTreeMap<NodeId, LocalTime>,
    /// The end of each server's `Hist`, as it last said.
    received: BTreeMap<NodeId, Place>,
    /// Servers with a new predecessor, which is told only when they have said how far they are.
    unlinked: BTreeSet<NodeId>,
    settings: Settings,
}

impl Master {
    /// With what the journal kept. It takes nobody for dead who was alive before a crash: everybody has the full time once more.
    pub(super) fn recover(
        start: &Start<'_, Chain>,
        settings: Settings,
        ctx: &mut Context<'_, Chain>,
    ) -> Self {
        let mut configuration = settings.first.clone();
        for record in start.journal.records() {
            if let Record::Configured(latest) = record {
                configuration = latest.clone();
            }
        }
        for server in settings.servers() {
            ctx.set_timer(Timer::Silence(server), settings.suspicion);
        }
        let unlinked = if start.incarnation == 0 {
            BTreeSet::new()
        } else {
            configuration.servers().skip(1).collect()
        };
        let heard = settings.servers().map(|server| (server, ctx.now())).collect();
        let (alive, received) = (BTreeSet::new(), BTreeMap::new());
        Self { configuration, alive, heard, received, unlinked, settings }
    }

    pub(super) fn on_message(
        &mut self,
        from: NodeId,
        message: &Message,
        ctx: &mut Context<'_, Chain>,
    ) {
        match *message {
            Message::Alive { number, sent, received } => {
                self.hear(from, ctx);
                if number == self.configuration.number {
                    self.linked(from, received, ctx);
                    ctx.send(from, Message::Lease { number, sent });
                } else {
                    self.tell(from, ctx);
                }
                self.extend(ctx);
            }
            Message::HandedOver { number } if number == self.configuration.number => {
                self.handed_over(from, ctx);
            }
            Message::Locate { number } if number < self.configuration.number => {
                self.tell(from, ctx);
            }
            Message::HandedOver { .. }
            | Message::Locate { .. }
            | Message::Request(_)
            | Message::Forward { .. }
            | Message::Ack { .. }
            | Message::Reply { .. }
            | Message::Query(_)
            | Message::VersionQuery { .. }
            | Message::VersionReply { .. }
            | Message::Lease { .. }
            | Message::Configured { .. }
            | Message::Transfer(_) => {}
        }
    }

    /// A server is alive. Its lease, which counts from when it asked, ends before the silence is too long.
    fn hear(&mut self, server: NodeId, ctx: &mut Context<'_, Chain>) {
        self.alive.insert(server);
        self.heard.insert(server, ctx.now());
        ctx.set_timer(Timer::Silence(server), self.settings.suspicion);
    }

    /// A server says how far it is: its predecessor may be told (§3, messages 2 and 3 of a middle server's failure).
    fn linked(&mut self, server: NodeId, received: Place, ctx: &mut Context<'_, Chain>) {
        self.received.insert(server, received);
        if self.unlinked.remove(&server)
            && let Some(predecessor) = self.configuration.predecessor(server)
        {
            self.tell(predecessor.server, ctx);
        }
    }

    /// Nothing was heard of a server for so long that its lease has run out, if it lives at all: it is taken out of the chain.
    /// The last one stays, for only it knows what was done.
    pub(super) fn silence(&mut self, server: NodeId, ctx: &mut Context<'_, Chain>) {
        let since = self.heard.get(&server).map(|heard| ctx.now().since(*heard));
        if since < Some(self.settings.suspicion) {
            return; // Heard after the timer came due, while the master stood still.
        }
        self.alive.remove(&server);
        let Configuration { chain, joining, .. } = self.configuration.clone();
        if joining.is_some_and(|joining| joining.server == server) {
            return self.reconfigure(chain, None, ctx);
        }
        if !self.configuration.contains(server) || chain.len() == 1 {
            return;
        }
        ctx.note(Note::Failed { server, role: self.role_of(server) });
        // Who joins begins anew if it was the tail that failed.
        let joining = joining.filter(|_| self.configuration.tail() != server);
        let rest = chain.into_iter().filter(|member| member.server != server).collect();
        self.reconfigure(rest, joining, ctx);
        self.extend(ctx);
    }

    fn role_of(&self, server: NodeId) -> &'static str {
        if self.configuration.tail() == server {
            "tail"
        } else if self.configuration.head() == server {
            "head"
        } else {
            "middle"
        }
    }

    /// Where the chain is shorter than it should be, a server that lives is made the next tail (§3, extending a chain).
    fn extend(&mut self, ctx: &mut Context<'_, Chain>) {
        let known = &self.configuration;
        if known.joining.is_some() || self.settings.length as usize <= known.chain.len() {
            return;
        }
        let Some(server) = self.alive.iter().copied().find(|server| !known.contains(*server))
        else {
            return;
        };
        self.received.remove(&server);
        let joining = Member { server, link: known.number.next() };
        self.reconfigure(known.chain.clone(), Some(joining), ctx);
    }

    /// The server that joined has all that the tail has told anybody of: it is the new tail.
    fn handed_over(&mut self, from: NodeId, ctx: &mut Context<'_, Chain>) {
        let Configuration { mut chain, joining, .. } = self.configuration.clone();
        let Some(joining) = joining.filter(|_| self.configuration.tail() == from) else { return };
        chain.push(joining);
        self.reconfigure(chain, None, ctx);
        self.extend(ctx);
    }

    /// The chain is another one from now on.
    fn reconfigure(
        &mut self,
        mut chain: Vec<Member>,
        joining: Option<Member>,
        ctx: &mut Context<'_, Chain>,
    ) {
        let number = self.configuration.number.next();
        let old = &self.configuration;
        let mut before = None;
        for member in &mut chain {
            let was = old.predecessor(member.server).map(|was| was.server);
            if before.is_some() && was != before {
                member.link = number;
                self.unlinked.insert(member.server);
            }
            before = Some(member.server);
        }
        self.unlinked.retain(|server| chain.iter().skip(1).any(|member| member.server == *server));
        self.configuration = Configuration { number, chain, joining };
        ctx.append(Record::Configured(self.configuration.clone()));
        ctx.sync();
        let chain = self.configuration.servers().collect();
        let joining = joining.map(|joining| joining.server);
        ctx.note(Note::Configured { number, chain, joining });
        for node in ctx.others() {
            self.tell(node, ctx);
        }
    }

    /// Tells a node what the chain is, unless it would not know yet what its new successor has.
    fn tell(&self, node: NodeId, ctx: &mut Context<'_, Chain>) {
        let configuration = self.configuration.clone();
        let successor = configuration.successor(node);
        if successor.is_some_and(|successor| self.unlinked.contains(&successor.server)) {
            return;
        }
        let successor_has =
            successor.and_then(|successor| self.received.get(&successor.server).copied());
        ctx.send(node, Message::Configured { configuration, successor_has });
    }
}

/// What monitors and tests look at.
impl Master {
    /// The chain, as it is now.
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }
}
