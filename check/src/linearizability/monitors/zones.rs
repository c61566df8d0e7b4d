//! Registers whose writes are all of different values.
//!
//! **Source:** Gibbons & Korach, *Testing Shared Memories* (1997). A write and the reads of its value
//! are a cluster. Its zone reaches from the first return to the last invocation among them, or, if
//! these are the other way round, back. A forward zone is a time in which the register surely had the
//! value. The history is linearizable if no read is without a write or returned before it was
//! invoked, no two forward zones overlap, and no backward zone lies inside a forward one. Then the
//! clusters in the order of the starts of their zones are a linearization.

use std::hash::Hash;

use crate::model::Shortcut;
use crate::table::States;

/// A read or a write of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<V> {
    /// Which call it is.
    pub(crate) index: usize,
    /// What was written or read.
    pub(crate) value: V,
    pub(crate) is_write: bool,
    /// Places among the entries, as a [`crate::model::Call`] has them.
    pub(crate) invoked: u32,
    pub(crate) returned: u32,
}

/// Calls with one value, as numbers of accesses.
#[derive(Clone, Copy, Default)]
struct Cluster {
    write: Option<usize>,
    is_read: bool,
    /// The access that returned first, and the one that was invoked last.
    first: Option<usize>,
    last: Option<usize>,
    /// First return and last invocation, from 1. The initial value was written at 0.
    finish: u64,
    start: u64,
}

impl Cluster {
    fn is_forward(&self) -> bool {
        self.finish < self.start
    }

    /// Where the zone starts.
    fn zone(&self) -> u64 {
        self.finish.min(self.start)
    }

    /// What proves the zone.
    fn proof(&self) -> impl Iterator<Item = usize> {
        [self.write, self.first, self.last].into_iter().flatten()
    }
}

/// Decides; `None` if two writes have the same value, or one the initial value.
pub(crate) fn decide<V: Copy + Eq + Hash>(initial: V, accesses: &[Access<V>]) -> Option<Shortcut> {
    let (clusters, cluster_of) = clusters(initial, accesses)?;
    if let Some(contradiction) = impossible_read(accesses, &clusters, &cluster_of) {
        return Some(Shortcut::Contradiction(contradiction));
    }
    // A write of unknown outcome that nobody read need not have happened.
    let is_needed = |cluster: &Cluster| {
        cluster.is_read || cluster.write.is_some_and(|write| accesses[write].returned != u32::MAX)
    };
    let mut order: Vec<usize> =
        (0..clusters.len()).filter(|&at| is_needed(&clusters[at])).collect();
    order.sort_unstable_by_key(|&at| clusters[at].zone());
    if let Some((one, other)) = conflict(&clusters, &order) {
        let mut calls: Vec<usize> =
            one.proof().chain(other.proof()).map(|access| accesses[access].index).collect();
        calls.sort_unstable();
        calls.dedup();
        return Some(Shortcut::Contradiction(calls));
    }
    Some(Shortcut::Order(linearize(accesses, &clusters, &cluster_of, &order)))
}

fn clusters<V: Copy + Eq + Hash>(
    initial: V,
    accesses: &[Access<V>],
) -> Option<(Vec<Cluster>, Vec<u32>)> {
    let mut values = States::new();
    values.number(initial);
    let mut clusters = vec![Cluster { is_read: true, ..Cluster::default() }];
    let mut cluster_of = Vec::with_capacity(accesses.len());
    for (number, access) in accesses.iter().enumerate() {
        let at = values.number(access.value) as usize;
        if at == clusters.len() {
            clusters.push(Cluster { finish: u64::MAX, ..Cluster::default() });
        }
        cluster_of.push(at as u32);
        let cluster = &mut clusters[at];
        if access.is_write {
            if at == 0 || cluster.write.is_some() {
                return None;
            }
            cluster.write = Some(number);
        } else {
            cluster.is_read = true;
        }
        if u64::from(access.returned) + 1 < cluster.finish {
            (cluster.finish, cluster.first) = (u64::from(access.returned) + 1, Some(number));
        }
        if u64::from(access.invoked) + 1 > cluster.start {
            (cluster.start, cluster.last) = (u64::from(access.invoked) + 1, Some(number));
        }
    }
    Some((clusters, cluster_of))
}

/// The first read that returned a value that nobody wrote, or not yet.
fn impossible_read<V>(
    accesses: &[Access<V>],
    clusters: &[Cluster],
    cluster_of: &[u32],
) -> Option<Vec<usize>> {
    let mut first: Option<(u32, Vec<usize>)> = None;
    for (access, &at) in accesses.iter().zip(cluster_of) {
        if access.is_write || at == 0 {
            continue;
        }
        let calls = match clusters[at as usize].write {
            None => vec![access.index],
            Some(write) if access.returned < accesses[write].invoked => {
                let mut calls = vec![accesses[write].index, access.index];
                calls.sort_unstable();
                calls
            }
            Some(_) => continue,
        };
        if first.as_ref().is_none_or(|(returned, _)| access.returned < *returned) {
            first = Some((access.returned, calls));
        }
    }
    first.map(|(_, calls)| calls)
}

/// Two clusters that would each have to come before the other, of such pairs one that shows early.
fn conflict<'a>(clusters: &'a [Cluster], order: &[usize]) -> Option<(&'a Cluster, &'a Cluster)> {
    let mut worst: Option<(u64, (&Cluster, &Cluster))> = None;
    let mut note = |one: &'a Cluster, other: &'a Cluster| {
        let shows = one.start.max(other.start);
        if worst.is_none_or(|(earliest, _)| shows < earliest) {
            worst = Some((shows, (one, other)));
        }
    };
    // The forward zone that reaches furthest, of those that started so far.
    let mut furthest: Option<&Cluster> = None;
    for &at in order {
        let cluster = &clusters[at];
        if let Some(forward) = furthest
            && cluster.finish < forward.start
            && forward.finish < cluster.start
        {
            note(forward, cluster);
        }
        if cluster.is_forward() && furthest.is_none_or(|other| other.start < cluster.start) {
            furthest = Some(cluster);
        }
    }
    worst.map(|(_, pair)| pair)
}

/// Cluster by cluster, in each the write and then the reads.
fn linearize<V>(
    accesses: &[Access<V>],
    clusters: &[Cluster],
    cluster_of: &[u32],
    order: &[usize],
) -> Vec<usize> {
    let mut place = vec![u32::MAX; clusters.len()];
    for (rank, &at) in (0..).zip(order) {
        place[at] = rank;
    }
    let mut calls: Vec<_> = accesses
        .iter()
        .zip(cluster_of)
        .filter(|(_, at)| place[**at as usize] != u32::MAX)
        .map(|(access, at)| (place[*at as usize], !access.is_write, access.invoked, access.index))
        .collect();
    calls.sort_unstable();
    calls.into_iter().map(|(.., index)| index).collect()
}
