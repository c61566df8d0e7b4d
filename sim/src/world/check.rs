//! Whether a setup's laws are laws at all.

use crate::law::Law;
use crate::node::Protocol;
use crate::plan::{Action, Flapping, LinkFault};
use crate::time::Duration;

use super::setup::{Setup, SetupError};

/// # Errors
/// The first law that is none.
pub(super) fn check_laws<P: Protocol>(setup: &Setup<P>) -> Result<(), SetupError> {
    let of = |place: &str, result: Result<(), String>| {
        result.map_err(|problem| SetupError::NoLaw(String::from(place), problem))
    };
    of("the links", setup.links.check())?;
    of("the disks' syncs", setup.disk.sync.check())?;
    of("the clients' pauses", setup.clients.think.check())?;
    for (place, item) in setup.plan.items.iter().enumerate() {
        let name = item.name.clone().unwrap_or_else(|| format!("number {}", place + 1));
        of(&format!("the plan's item {name}"), check_action(&item.action))?;
    }
    Ok(())
}

fn check_action<O>(action: &Action<O>) -> Result<(), String> {
    match action {
        Action::Slow { service, .. } => service.check(),
        Action::Disturb(disturbance) => match &disturbance.fault {
            LinkFault::Delay(law) => law.check(),
            LinkFault::Loss(_)
            | LinkFault::Burst(_)
            | LinkFault::Corruption(_)
            | LinkFault::Duplication(_) => Ok(()),
        },
        Action::Flap(flapping) => check_flapping(flapping),
        Action::Crash { .. }
        | Action::Restart(_)
        | Action::Wipe(_)
        | Action::Pause(_)
        | Action::Resume(_)
        | Action::Byzantine { .. }
        | Action::Cut(_)
        | Action::Clog(_)
        | Action::Heal(_)
        | Action::Calm
        | Action::Hold(_)
        | Action::Release(_)
        | Action::Drop(_)
        | Action::Duplicate(_)
        | Action::Deliver(_)
        | Action::Delay { .. }
        | Action::Fire { .. }
        | Action::Request { .. }
        | Action::ClockRate { .. }
        | Action::ClockJump { .. }
        | Action::Disk { .. }
        | Action::Reseed(_) => Ok(()),
    }
}

fn check_flapping(flapping: &Flapping) -> Result<(), String> {
    for range in [flapping.on, flapping.off] {
        Law::Uniform(range).check()?;
        if range.min == Duration::ZERO {
            return Err(format!(
                "it flaps with times of {range:?}: they start above 0s, so that each is long enough to matter"
            ));
        }
    }
    Ok(())
}
