//! Who no longer reaches whom.

use crate::time::{DurationRange, SimTime};

use super::Target;

/// Which directed links a cut closes. Where a shape leaves open who is where, that is drawn when it strikes, at the
/// address of the plan's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Both ways between nodes of different groups. Nodes in no group form one more.
    Groups(Vec<Vec<Target>>),
    /// From each of the first to each of the second, one way.
    OneWay(Vec<Target>, Vec<Target>),
    /// Both ways between one node and all others.
    Isolate(Target),
    /// Both ways between each of the first and each of the second; everybody else still reaches both (a partial
    /// partition).
    Between(Vec<Target>, Vec<Target>),
    /// Both ways between two halves, drawn at random; the second is the larger where the number of nodes is odd.
    Halves,
    /// Both ways between a minority, drawn at random, and the rest.
    Minority,
    /// Two halves, drawn at random, that only one node reaches, and that reach only it.
    Bridge(Target),
    /// Each node reaches only its two neighbours on a ring, whose order is drawn at random.
    Ring,
}

/// A cut that comes and goes. Both times are drawn at the address of the plan's item, never shorter than their
/// ranges' starts, so that neither the cut nor its absence is too short to matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flapping {
    /// What is cut each time; a shape that draws draws anew.
    pub cut: Cut,
    /// How long the cut lasts each time.
    pub on: DurationRange,
    /// How long the network is whole in between.
    pub off: DurationRange,
    /// From then on it is whole.
    pub until: SimTime,
}

impl Cut {
    /// The targets that it names, in the order in which they are written.
    pub fn targets(&self) -> Vec<&Target> {
        match self {
            Self::Isolate(node) | Self::Bridge(node) => vec![node],
            Self::Groups(groups) => groups.iter().flatten().collect(),
            Self::OneWay(one, other) | Self::Between(one, other) => {
                one.iter().chain(other).collect()
            }
            Self::Halves | Self::Minority | Self::Ring => vec![],
        }
    }
}
