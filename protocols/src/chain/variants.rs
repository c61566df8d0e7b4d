//! Wrong code of planted bugs that is longer than a condition.

use orrery_sim::Context;

use crate::kv::{Reply, Store};

use super::message::{Message, Update};
use super::{Chain, Note, Place};

/// Q8: tells the client what the update gives at `place`, where the head alone has it.
pub(super) fn answer_at_once(
    store: &Store,
    place: Place,
    update: &Update,
    ctx: &mut Context<'_, Chain>,
) {
    let id = update.request.id;
    let output = store.answer(id).cloned();
    let output = output.unwrap_or_else(|| store.outcome(&update.request.operation));
    ctx.note(Note::Replied { place, operation: id });
    ctx.send(update.client, Message::Reply { id, reply: Reply::Output(output) });
}
