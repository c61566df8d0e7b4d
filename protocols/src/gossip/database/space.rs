//! Partners nearby more often than far away (Demers, section 3).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Context, NodeId};

use super::registration::Database;

/// The weight of a partner at distance 1.
const UNIT: u64 = 1 << 40;

/// How sites lie to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Space {
    /// All at the same distance.
    #[default]
    Uniform,
    /// In a row, `n1` at one end.
    Line,
    /// In a circle.
    Ring,
    /// In a square, row by row, with streets between them.
    Grid,
}

impl Space {
    /// How far two sites are apart; 1 where all are.
    pub fn distance(self, a: NodeId, b: NodeId, nodes: u32) -> u32 {
        let apart = a.0.abs_diff(b.0);
        match self {
            Self::Uniform => 1,
            Self::Line => apart,
            Self::Ring => apart.min(nodes - apart),
            Self::Grid => {
                let side = (nodes - 1).isqrt() + 1;
                let place = |id: NodeId| ((id.0 - 1) / side, (id.0 - 1) % side);
                let ((row, column), (other_row, other_column)) = (place(a), place(b));
                row.abs_diff(other_row) + column.abs_diff(other_column)
            }
        }
    }

    /// How often a partner at that distance is chosen, beside others.
    fn weight(distance: u32, exponent: u32) -> u64 {
        let power = u64::from(distance).checked_pow(exponent).unwrap_or(u64::MAX);
        (UNIT / power.max(1)).max(1)
    }

    /// A partner.
    pub fn partner(self, exponent: u32, ctx: &mut Context<'_, Database>) -> NodeId {
        let (own, nodes) = (ctx.id(), ctx.node_count());
        if self == Self::Uniform {
            let drawn = ctx.below(u64::from(nodes) - 1) as u32 + 1;
            return NodeId(if drawn < own.0 { drawn } else { drawn + 1 });
        }
        let weight = |other| Self::weight(self.distance(own, other, nodes), exponent);
        let total = ctx.others().map(weight).sum();
        let mut rest = ctx.below(total);
        let is_it = |other: &NodeId| {
            let weight = weight(*other);
            let is_it = rest < weight;
            rest = rest.saturating_sub(weight);
            is_it
        };
        ctx.others().find(is_it).expect("what is drawn is below the sum of all weights")
    }
}
