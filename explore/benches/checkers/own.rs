//! The same models as stateright's users write them: `Vec`s and sets for a state machine, its actor framework for nodes. They are those of
//! the comparison with other tools.

#![allow(
    clippy::pedantic,
    reason = "it is as short as it can be, so that nothing is measured but the checker"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use stateright::actor::{Actor, ActorModel, Id, Network, Out, majority, model_peers};
use stateright::{CheckerBuilder, Expectation, Model, Property};

pub(crate) fn two_phase(n: usize) -> CheckerBuilder<Tpc> {
    Tpc { n }.checker()
}

pub(crate) fn two_phase_actors(n: usize) -> CheckerBuilder<ActorModel<TpcActor>> {
    ActorModel::new((), ())
        .actors((0..=n).map(|_| TpcActor { n }))
        .init_network(Network::new_unordered_nonduplicating([]))
        .property(Expectation::Always, "ok", |_, _| true)
        .checker()
}

pub(crate) fn paxos(clients: usize) -> CheckerBuilder<ActorModel<PaxosActor>> {
    ActorModel::new((), ())
        .actors((0..3).map(|i| PaxosActor::Server { peers: model_peers(i, 3) }))
        .actors((0..clients).map(|k| PaxosActor::Client { k }))
        .init_network(Network::new_unordered_nonduplicating([]))
        .property(Expectation::Always, "agreement", |_, s| {
            let mut v = None;
            s.actor_states.iter().all(|x| match &**x {
                PSt::Server { decided: true, accepted: Some((_, p)), .. } => {
                    let same = v.is_none_or(|w| w == p.1);
                    v = Some(p.1);
                    same
                }
                _ => true,
            })
        })
        .checker()
}

#[derive(Clone)]
pub(crate) struct Tpc {
    n: usize,
}
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(crate) struct TpcSt {
    rm: Vec<Rm>,
    tm: Tm,
    prepared: Vec<bool>,
    net: BTreeSet<M>,
}
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Rm {
    Work,
    Prep,
    Done,
    Abort,
}
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Tm {
    Init,
    Commit,
    Abort,
}
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum M {
    Prepared(usize),
    Commit,
    Abort,
}
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    TmGet(usize),
    TmCommit,
    TmAbort,
    Prep(usize),
    Refuse(usize),
    GetCommit(usize),
    GetAbort(usize),
}
impl Model for Tpc {
    type State = TpcSt;
    type Action = Act;
    fn init_states(&self) -> Vec<TpcSt> {
        vec![TpcSt {
            rm: vec![Rm::Work; self.n],
            tm: Tm::Init,
            prepared: vec![false; self.n],
            net: BTreeSet::new(),
        }]
    }
    fn actions(&self, s: &TpcSt, v: &mut Vec<Act>) {
        if s.tm == Tm::Init {
            if s.prepared.iter().all(|p| *p) {
                v.push(Act::TmCommit)
            }
            v.push(Act::TmAbort);
        }
        let (c, ab) = (s.net.contains(&M::Commit), s.net.contains(&M::Abort));
        for i in 0..self.n {
            if s.tm == Tm::Init && s.net.contains(&M::Prepared(i)) {
                v.push(Act::TmGet(i))
            }
            if s.rm[i] == Rm::Work {
                v.push(Act::Prep(i));
                v.push(Act::Refuse(i))
            }
            if c {
                v.push(Act::GetCommit(i))
            }
            if ab {
                v.push(Act::GetAbort(i))
            }
        }
    }
    fn next_state(&self, s: &TpcSt, a: Act) -> Option<TpcSt> {
        let mut s = s.clone();
        match a {
            Act::TmGet(i) => s.prepared[i] = true,
            Act::TmCommit => {
                s.tm = Tm::Commit;
                s.net.insert(M::Commit);
            }
            Act::TmAbort => {
                s.tm = Tm::Abort;
                s.net.insert(M::Abort);
            }
            Act::Prep(i) => {
                s.rm[i] = Rm::Prep;
                s.net.insert(M::Prepared(i));
            }
            Act::Refuse(i) => s.rm[i] = Rm::Abort,
            Act::GetCommit(i) => s.rm[i] = Rm::Done,
            Act::GetAbort(i) => s.rm[i] = Rm::Abort,
        }
        Some(s)
    }
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("agreement", |_, s: &TpcSt| {
            !(s.rm.contains(&Rm::Abort) && s.rm.contains(&Rm::Done))
        })]
    }
}

#[derive(Clone)]
pub(crate) struct TpcActor {
    n: usize,
}
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TMsg {
    Prepare,
    Yes,
    Commit,
    Done,
}
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(crate) enum TSt {
    Tm { yes: u32, done: u32 },
    Rm(u8),
}
impl Actor for TpcActor {
    type Msg = TMsg;
    type State = TSt;
    type Timer = ();
    type Random = ();
    type Storage = ();
    fn on_start(&self, id: Id, _s: &Option<()>, o: &mut Out<Self>) -> TSt {
        if usize::from(id) == 0 {
            for i in 1..=self.n {
                o.send(Id::from(i), TMsg::Prepare)
            }
            TSt::Tm { yes: 0, done: 0 }
        } else {
            TSt::Rm(0)
        }
    }
    fn on_msg(&self, _id: Id, st: &mut Cow<TSt>, src: Id, m: TMsg, o: &mut Out<Self>) {
        let bit = |s: Id| 1u32 << (usize::from(s).wrapping_sub(1) & 31);
        match (st.to_mut(), m) {
            (TSt::Tm { yes, .. }, TMsg::Yes) => {
                *yes |= bit(src);
                if *yes == (1u32 << self.n) - 1 {
                    for i in 1..=self.n {
                        o.send(Id::from(i), TMsg::Commit)
                    }
                }
            }
            (TSt::Tm { done, .. }, TMsg::Done) => *done |= bit(src),
            (TSt::Rm(s), TMsg::Prepare) => {
                *s = 1;
                o.send(src, TMsg::Yes)
            }
            (TSt::Rm(s), TMsg::Commit) => {
                *s = 2;
                o.send(src, TMsg::Done)
            }
            _ => unreachable!(),
        }
    }
}

pub(crate) type Ballot = (u32, usize);
pub(crate) type Prop = (usize, char); // (client, value)
#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum P {
    Put(char),
    PutOk,
    Get,
    GetOk(char),
    Prepare(Ballot),
    Promise(Ballot, Option<(Ballot, Prop)>),
    Accept(Ballot, Prop),
    Accepted(Ballot),
    Decided(Ballot, Prop),
}
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(crate) enum PSt {
    Client {
        phase: u8,
        got: Option<char>,
    },
    Server {
        ballot: Ballot,
        prop: Option<Prop>,
        promises: BTreeMap<usize, Option<(Ballot, Prop)>>,
        accepts: BTreeSet<usize>,
        accepted: Option<(Ballot, Prop)>,
        decided: bool,
    },
}
#[derive(Clone)]
pub(crate) enum PaxosActor {
    Server { peers: Vec<Id> },
    Client { k: usize },
}
impl Actor for PaxosActor {
    type Msg = P;
    type State = PSt;
    type Timer = ();
    type Random = ();
    type Storage = ();
    fn on_start(&self, _id: Id, _s: &Option<()>, o: &mut Out<Self>) -> PSt {
        match self {
            PaxosActor::Server { .. } => PSt::Server {
                ballot: (0, 0),
                prop: None,
                promises: BTreeMap::new(),
                accepts: BTreeSet::new(),
                accepted: None,
                decided: false,
            },
            PaxosActor::Client { k } => {
                o.send(Id::from(k % 3), P::Put((b'A' + *k as u8) as char));
                PSt::Client { phase: 0, got: None }
            }
        }
    }
    fn on_msg(&self, id: Id, st: &mut Cow<PSt>, src: Id, m: P, o: &mut Out<Self>) {
        let me = usize::from(id);
        match self {
            PaxosActor::Client { k } => {
                let PSt::Client { phase, got } = st.to_mut() else { unreachable!() };
                match m {
                    P::PutOk if *phase == 0 => {
                        *phase = 1;
                        o.send(Id::from((k + 1) % 3), P::Get)
                    }
                    P::GetOk(v) if *phase == 1 => {
                        *phase = 2;
                        *got = Some(v)
                    }
                    _ => {}
                }
            }
            PaxosActor::Server { peers } => {
                let PSt::Server { ballot, prop, decided, accepted, .. } = st.as_ref() else {
                    unreachable!()
                };
                // guards first, so that an ignored message leaves the Cow borrowed
                let ignore = match &m {
                    _ if *decided => {
                        if let (P::Get, Some((_, (_, v)))) = (&m, accepted) {
                            o.send(src, P::GetOk(*v))
                        }
                        true
                    }
                    P::Put(_) => prop.is_some(),
                    P::Prepare(b) => *ballot >= *b,
                    P::Promise(b, _) | P::Accepted(b) => ballot != b,
                    P::Accept(b, _) => *ballot > *b,
                    P::Decided(..) => false,
                    _ => true,
                };
                if ignore {
                    return;
                }
                let PSt::Server { ballot, prop, promises, accepts, accepted, decided } =
                    st.to_mut()
                else {
                    unreachable!()
                };
                let maj = majority(peers.len() + 1);
                match m {
                    P::Put(v) => {
                        *prop = Some((usize::from(src), v));
                        *promises = BTreeMap::new();
                        *accepts = BTreeSet::new();
                        *ballot = (ballot.0 + 1, me);
                        promises.insert(me, *accepted);
                        o.broadcast(peers, &P::Prepare(*ballot));
                    }
                    P::Prepare(b) => {
                        *ballot = b;
                        o.send(src, P::Promise(b, *accepted))
                    }
                    P::Promise(b, last) => {
                        promises.insert(usize::from(src), last);
                        if promises.len() == maj {
                            let p = promises
                                .values()
                                .max()
                                .unwrap()
                                .map(|(_, p)| p)
                                .unwrap_or_else(|| prop.unwrap());
                            *prop = Some(p);
                            *accepted = Some((b, p));
                            accepts.insert(me);
                            o.broadcast(peers, &P::Accept(b, p));
                        }
                    }
                    P::Accept(b, p) => {
                        *ballot = b;
                        *accepted = Some((b, p));
                        o.send(src, P::Accepted(b))
                    }
                    P::Accepted(b) => {
                        accepts.insert(usize::from(src));
                        if accepts.len() == maj {
                            *decided = true;
                            let p = prop.unwrap();
                            o.broadcast(peers, &P::Decided(b, p));
                            o.send(Id::from(p.0), P::PutOk);
                        }
                    }
                    P::Decided(b, p) => {
                        *ballot = b;
                        *accepted = Some((b, p));
                        *decided = true
                    }
                    _ => unreachable!(),
                }
            }
        }
    }
}
