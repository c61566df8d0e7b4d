//! The rule by which a coordinator picks a value (§2.2, figure 1). It is what Fast Paxos is about.

use std::collections::BTreeMap;

use orrery_sim::{Context, NodeId};

use super::bugs::P16;
use super::message::Vote;
use super::process::FastPaxos;
use super::round::Sizes;

/// What the reports of a quorum leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// This value only: it may have been chosen.
    Bound(String),
    /// Any value: nothing can have been chosen. With one that was voted for, if any was.
    Free(Option<String>),
}

/// Figure 1. Of the reports of a quorum *Q*, let *k* be the highest round in which any of them voted,
/// and *V* the values voted for in *k*.
///
/// - Nobody voted: free.
/// - *V* is a single value: that one.
/// - Otherwise *k* was fast, and a value may have been chosen only if it satisfies O4(*v*): there is
///   a quorum *R* of *k* of which every acceptor in *Q* has voted for *v* in *k*. At most one value
///   does, since two fast quorums and *Q* have an acceptor in common. If none does: free.
pub(super) fn pick(
    reports: &[(NodeId, Option<Vote>)],
    sizes: Sizes,
    ctx: &mut Context<'_, FastPaxos>,
) -> Pick {
    let votes = || reports.iter().filter_map(|(_, vote)| vote.as_ref());
    let Some(k) = votes().map(|vote| vote.round).max() else { return Pick::Free(None) };
    let mut values: BTreeMap<&str, usize> = BTreeMap::new();
    for vote in votes().filter(|vote| vote.round == k) {
        *values.entry(&vote.value).or_default() += 1;
    }
    let first = votes().find(|vote| vote.round == k).map(|vote| vote.value.clone());
    if let Some(value) = first.clone().filter(|_| values.len() == 1) {
        return Pick::Bound(value);
    }
    ctx.probe("several-values");
    if let Some(value) = first.filter(|_| ctx.bug(&P16)) {
        return Pick::Bound(value);
    }
    // Those who reported nothing of the kind may all be in R but not in Q.
    let unheard = sizes.acceptors - reports.len();
    let quorum = sizes.seen(k, ctx);
    let o4 = values.iter().find(|(_, count)| quorum <= **count + unheard);
    if let Some((value, _)) = o4 {
        ctx.probe("o4");
        return Pick::Bound((*value).to_owned());
    }
    let most = values.iter().max_by_key(|(_, count)| **count);
    Pick::Free(most.map(|(value, _)| (*value).to_owned()))
}
