//! What a member passes on (§4.1): news rides on pings and acks, each piece a bounded number of times, the least sent first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::NodeId;

use super::message::Update;

/// News that is still to be passed on: at most one piece of each member, for a later one takes its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct News {
    /// How often each was sent, and of whom it is: the least sent first (§4.1).
    order: BTreeSet<(u32, NodeId)>,
    /// Each piece, and how often it was sent.
    pieces: BTreeMap<NodeId, (Update, u32)>,
}

impl News {
    /// Puts in a piece of news that has not been sent yet, in place of an older one of the same member.
    pub(super) fn put(&mut self, update: Update) {
        if let Some((_, sent)) = self.pieces.insert(update.member, (update, 0)) {
            self.order.remove(&(sent, update.member));
        }
        self.order.insert((0, update.member));
    }

    /// The news for one message, at most `room` pieces. What has been sent `limit` times is forgotten.
    pub(super) fn take(&mut self, room: u32, limit: u32) -> Vec<Update> {
        let chosen: Vec<(u32, NodeId)> = self.order.iter().take(room as usize).copied().collect();
        let mut updates = Vec::with_capacity(chosen.len());
        for (sent, member) in chosen {
            self.order.remove(&(sent, member));
            let Some((update, count)) = self.pieces.get_mut(&member) else { continue };
            updates.push(*update);
            *count += 1;
            if limit <= *count {
                self.pieces.remove(&member);
            } else {
                self.order.insert((*count, member));
            }
        }
        updates
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Opinion;
    use super::*;

    fn update(member: u32) -> Update {
        Update { member: NodeId(member), opinion: Opinion::default(), by: NodeId(member) }
    }

    fn members(updates: &[Update]) -> Vec<u32> {
        updates.iter().map(|update| update.member.0).collect()
    }

    #[test]
    fn the_least_sent_goes_first_and_nothing_goes_for_ever() {
        let mut news = News::default();
        news.put(update(1));
        news.put(update(2));
        assert_eq!(members(&news.take(1, 2)), [1]);
        news.put(update(3));
        assert_eq!(members(&news.take(2, 2)), [2, 3], "1 was sent once");
        assert_eq!(members(&news.take(9, 2)), [1, 2, 3], "the second and last time");
        assert_eq!(members(&news.take(9, 2)), [0; 0]);
        assert_eq!(news, News::default());
    }

    #[test]
    fn later_news_takes_the_place_of_earlier_news() {
        let mut news = News::default();
        news.put(update(1));
        assert_eq!(members(&news.take(1, 2)), [1]);
        news.put(update(1));
        assert_eq!(members(&news.take(1, 2)), [1]);
        assert_eq!(members(&news.take(1, 2)), [1], "counted from anew");
        assert_eq!(members(&news.take(1, 2)), [0; 0]);
    }
}
