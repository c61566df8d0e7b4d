//! How long a run took. Nothing of it reaches the run.

use orrery_harness::workloads::{Prepared, Work};

/// What a run came to and what it cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    work: Work,
    wall_ns: u64,
    /// User and system time of this process.
    cpu_ns: u64,
}

/// Delivers `messages` and measures that alone.
#[expect(clippy::disallowed_types, reason = "what a run costs is told beside it, not in it")]
pub(super) fn measure(prepared: Prepared, messages: u64) -> Reading {
    let (started, cpu) = (std::time::Instant::now(), cpu_ns());
    let work = prepared(messages);
    let wall_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    // Where the processor's time is not known, the wall's stands in.
    let cpu_ns = cpu_ns().zip(cpu).map_or(wall_ns, |(end, start)| end.saturating_sub(start));
    Reading { work, wall_ns, cpu_ns }
}

impl Reading {
    /// The one that took less of the processor's time.
    pub(super) const fn faster(self, other: Self) -> Self {
        if other.cpu_ns < self.cpu_ns { other } else { self }
    }

    /// Picoseconds of the processor's time per message.
    pub(super) fn picos_per_message(&self) -> u64 {
        per(self.cpu_ns, self.work.deliveries)
    }

    /// Picoseconds of the processor's time per event.
    pub(super) fn picos_per_event(&self) -> u64 {
        per(self.cpu_ns, self.work.events)
    }

    /// One JSON object, in the form that programs agreed on which compare engines.
    pub(super) fn json(&self, workload: &str, nodes: u32) -> String {
        let Work { deliveries, events, simulated, digest } = self.work;
        let seconds = |nanos: u64| decimal(nanos / 1_000, 6);
        let per_second = u128::from(deliveries) * 1_000_000_000 / u128::from(self.wall_ns.max(1));
        let digest = digest.map(|digest| digest.to_string()).unwrap_or_default();
        format!(
            "{{\"peer\":\"orrery\",\"workload\":\"{workload}\",\"n_nodes\":{nodes},\
             \"messages_delivered\":{deliveries},\"events\":{events},\"sim_seconds\":{},\
             \"wall_seconds\":{},\"cpu_seconds\":{},\"msgs_per_sec\":{per_second},\"ns_per_msg\":{},\
             \"max_rss_kb\":{},\"digest\":\"{digest}\"}}",
            seconds(simulated.as_nanos()),
            seconds(self.wall_ns),
            seconds(self.cpu_ns),
            decimal(per(self.wall_ns, deliveries) / 100, 1),
            peak_memory_kb()
        )
    }
}

/// Picoseconds for each of `count`.
fn per(nanos: u64, count: u64) -> u64 {
    let picos = u128::from(nanos) * 1_000 / u128::from(count.max(1));
    u64::try_from(picos).unwrap_or(u64::MAX)
}

/// `scaled` with its last `digits` digits behind the point.
pub(super) fn decimal(scaled: u64, digits: u32) -> String {
    let unit = 10_u64.pow(digits);
    format!("{}.{:0width$}", scaled / unit, scaled % unit, width = digits as usize)
}

/// Nanoseconds that this process has had of all processors.
#[cfg(unix)]
fn cpu_ns() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).ok()?, u64::try_from(time.tv_nsec).ok()?);
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(not(unix))]
const fn cpu_ns() -> Option<u64> {
    None
}

/// Nanoseconds since some moment.
#[expect(clippy::disallowed_types, reason = "what a run costs is told beside it, not in it")]
pub(super) fn clock_ns() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How many bytes of memory this process has now; `None` where the system does not say.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok()?.checked_mul(1_024)
}

/// The most memory that this process ever had, in KiB; 0 where the system does not say.
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_zeros() {
        assert_eq!(decimal(1_005, 2), "10.05");
        assert_eq!(decimal(7, 6), "0.000007");
        assert_eq!(per(3, 2), 1_500);
    }
}
