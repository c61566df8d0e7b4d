//! Where nodes are, and how long messages travel from place to place.

use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::law::Law;
use crate::time::Duration;

/// Where nodes are, and how long a message travels from place to place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geography {
    /// The places.
    pub places: Vec<String>,
    /// The place of each node, by its position in `places`; `n1` first, and again from the start where there are more
    /// nodes. Empty: one node in each place, in turn.
    pub of_node: Vec<u32>,
    /// The law of the latency from place to place, by row and column.
    pub latency: Vec<Vec<Law>>,
}

/// The regions of [`Geography::cloud`].
const REGIONS: [&str; 12] = [
    "us-east",
    "us-west",
    "ca-central",
    "sa-east",
    "eu-west",
    "eu-central",
    "eu-north",
    "af-south",
    "ap-mumbai",
    "ap-singapore",
    "ap-tokyo",
    "ap-sydney",
];

/// Typical round trips between these regions in milliseconds, rounded, as the public latency pages of large cloud
/// providers show them; inside a region 1 ms. Each row holds the regions up to its own. Approximate: meant to be
/// plausible, not to predict any provider's network.
const ROUND_TRIPS: [&[u64]; 12] = [
    &[1],
    &[68, 1],
    &[15, 60, 1],
    &[115, 177, 125, 1],
    &[68, 120, 70, 177, 1],
    &[92, 142, 92, 203, 25, 1],
    &[112, 158, 108, 218, 40, 23, 1],
    &[226, 278, 226, 340, 160, 155, 177, 1],
    &[190, 218, 190, 302, 122, 123, 140, 270, 1],
    &[220, 162, 212, 325, 175, 157, 178, 315, 60, 1],
    &[148, 97, 144, 256, 202, 224, 240, 355, 130, 70, 1],
    &[198, 139, 198, 311, 256, 249, 270, 408, 153, 92, 104, 1],
];

/// The jitter of a bundled latency has this share of it as its mean.
const JITTER: u64 = 50;

impl Geography {
    /// Twelve regions of a public cloud, one node in each, in turn. One way is half of a typical round trip; on top of
    /// it, an exponential jitter with a fiftieth of it as its mean.
    pub fn cloud() -> Self {
        let round_trip = |one: usize, other: usize| ROUND_TRIPS[one.max(other)][one.min(other)];
        let law = |from, to| jittered(Duration::from_micros(round_trip(from, to) * 1_000 / 2));
        let places = 0..REGIONS.len();
        Self {
            places: REGIONS.map(String::from).to_vec(),
            of_node: vec![],
            latency: places
                .clone()
                .map(|from| places.clone().map(|to| law(from, to)).collect())
                .collect(),
        }
    }

    /// So many racks, one node in each, in turn: one law inside a rack, another from rack to rack.
    pub fn racks(count: u32, within: &Law, between: &Law) -> Self {
        let law = |from, to| if from == to { within.clone() } else { between.clone() };
        Self {
            places: (1..=count).map(|number| format!("rack {number}")).collect(),
            of_node: vec![],
            latency: (0..count).map(|from| (0..count).map(|to| law(from, to)).collect()).collect(),
        }
    }

    /// The same places, with the nodes in those of these names: `n1` in the first, and again from the start where there
    /// are more nodes.
    ///
    /// # Errors
    /// The name that is none of the places, and which there are.
    pub fn with_nodes_in<S: AsRef<str>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self, String> {
        let place = |name: S| {
            let place = self.places.iter().position(|own| own == name.as_ref());
            place.map(|place| place as u32).ok_or_else(|| {
                format!(
                    "there is no place `{}`: there are {}",
                    name.as_ref(),
                    self.places.join(", ")
                )
            })
        };
        self.of_node = names.into_iter().map(place).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The place of a node, by its position among the places.
    pub fn place(&self, node: NodeId) -> usize {
        match self.of_node.len() {
            0 => node.index() % self.places.len(),
            count => self.of_node[node.index() % count] as usize,
        }
    }

    /// The law of the latency from one node to another.
    pub fn law(&self, from: NodeId, to: NodeId) -> &Law {
        &self.latency[self.place(from)][self.place(to)]
    }

    /// Whether it is a geography at all.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        let count = self.places.len();
        if count == 0 {
            return Err(String::from("a geography needs at least one place"));
        }
        if self.latency.len() != count || self.latency.iter().any(|row| row.len() != count) {
            return Err(format!(
                "a geography of {count} places needs {count} rows of {count} laws"
            ));
        }
        if let Some(place) = self.of_node.iter().find(|place| count <= **place as usize) {
            return Err(format!(
                "there is no place {place}: they are numbered from 0 to {}",
                count - 1
            ));
        }
        self.latency.iter().flatten().try_for_each(Law::check)
    }
}

fn jittered(by: Duration) -> Law {
    let jitter = Law::Exponential(Duration::from_nanos(by.as_nanos() / JITTER));
    Law::Shifted { by, law: jitter.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cloud_is_whole_and_symmetrical() {
        let cloud = Geography::cloud();
        assert_eq!(cloud.check(), Ok(()));
        for (from, row) in cloud.latency.iter().enumerate() {
            assert_eq!(ROUND_TRIPS[from].len(), from + 1);
            assert!(row.iter().enumerate().all(|(to, law)| *law == cloud.latency[to][from]));
        }
        // From Virginia to Ireland, 68 ms there and back.
        let law = cloud.law(NodeId(1), NodeId(5));
        assert_eq!(law.sample(u64::MAX), Duration::from_millis(34));
        assert_eq!(cloud.place(NodeId(13)), 0);
    }

    #[test]
    fn no_region_is_much_nearer_by_way_of_another() {
        let trip = |one: usize, other: usize| ROUND_TRIPS[one.max(other)][one.min(other)];
        let all = || 0..REGIONS.len();
        for (from, to) in all().flat_map(|from| all().map(move |to| (from, to))) {
            for by in all().filter(|by| ![from, to].contains(by)) {
                let around = trip(from, by) + trip(by, to);
                assert!(trip(from, to) * 9 <= around * 10, "{from} {by} {to}");
            }
        }
    }

    #[test]
    fn nodes_are_put_into_places_by_name() {
        let cloud = Geography::cloud().with_nodes_in(["ap-tokyo", "us-east"]).unwrap();
        assert_eq!([1, 2, 3].map(|id| cloud.place(NodeId(id))), [10, 0, 10]);
        let problem = Geography::cloud().with_nodes_in(["mars"]).unwrap_err();
        assert!(problem.starts_with("there is no place `mars`: there are us-east, us-west"));
    }

    #[test]
    fn racks_tell_near_from_far() {
        let [near, far] = [1, 9].map(|millis| Law::Constant(Duration::from_millis(millis)));
        let racks = Geography::racks(2, &near, &far);
        assert_eq!(racks.law(NodeId(1), NodeId(3)), &near);
        assert_eq!(racks.law(NodeId(1), NodeId(2)), &far);
        assert_eq!(racks.places, ["rack 1", "rack 2"]);
    }

    #[test]
    fn a_geography_that_does_not_fit_says_so() {
        let [one, other] = [Law::default(), Law::default()];
        let racks = || Geography::racks(2, &one, &other);
        let problem = |geography: Geography| geography.check().unwrap_err();
        assert!(problem(Geography { of_node: vec![2], ..racks() }).contains("no place 2"));
        assert!(problem(Geography { latency: vec![], ..racks() }).contains("2 rows of 2 laws"));
        assert!(problem(Geography::racks(0, &one, &other)).contains("at least one place"));
    }
}
