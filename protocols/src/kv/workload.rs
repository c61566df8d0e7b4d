//! What clients ask of their own accord.

use std::sync::Arc;

use orrery_sim::ClientId;
use orrery_sim::client::Generator;
use orrery_sim::random::Draw;
use orrery_sim::registration::Workload;

use super::Operation;

/// The kinds of operations that a workload may name.
const KINDS: [&str; 5] = ["put", "get", "cas", "append", "delete"];

/// Makes the clients' operations: `mix` names kinds, keys are `k1`, `k2` and so on, and every value
/// is written by one operation alone (`c1.7`), so that a checker can tell writes apart.
///
/// # Errors
/// Where the workload has no keys, no kinds, or kinds that the store does not know.
pub fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
    if let Some(kind) = workload.mix.keys().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(format!("the store knows no `{kind}`: there are {}", KINDS.join(", ")));
    }
    let weight = |kind: &str| workload.mix.get(kind).copied().unwrap_or(0);
    let weights: [u32; KINDS.len()] = KINDS.map(weight);
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if total == 0 {
        return Err(format!(
            "a mix needs a kind of weight above 0: there are {}",
            KINDS.join(", ")
        ));
    }
    let keys = u64::from(workload.keys);
    if keys == 0 {
        return Err(String::from("`keys` is 0: the operations need at least one key"));
    }
    Ok(Arc::new(move |client, number, draw| {
        let key = format!("k{}", draw.below(keys) + 1);
        let mut rest = draw.below(total);
        let drawn = KINDS.into_iter().zip(weights).find(|(_, weight)| {
            let is_it = rest < u64::from(*weight);
            rest = rest.saturating_sub(u64::from(*weight));
            is_it
        });
        drawn.map(|(kind, _)| operation(kind, key, (client, number), draw))
    }))
}

fn operation(
    kind: &str,
    key: String,
    (client, number): (ClientId, u64),
    draw: &mut Draw<'_>,
) -> Operation {
    let value = format!("{client}.{number}");
    match kind {
        "put" => Operation::Put { key, value },
        "get" => Operation::Get { key },
        "append" => Operation::Append { key, value: value + ";" },
        "delete" => Operation::Delete { key },
        // Expects what this client wrote a little earlier, or nothing: right often enough to swap
        // at times.
        "cas" => {
            let back = draw.below(3) + 1;
            let expected = number.checked_sub(back).filter(|earlier| 0 < *earlier);
            let expected = expected.map(|earlier| format!("{client}.{earlier}"));
            Operation::Cas { key, expected, new: value }
        }
        unknown => unreachable!("`{unknown}` was refused before the run"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_workload_must_name_what_the_store_knows() {
        let workload = |keys, kind: &str, weight| Workload {
            keys,
            mix: BTreeMap::from([(kind.to_owned(), weight)]),
        };
        assert!(generator(&workload(3, "put", 1)).is_ok());
        for (wrong, names) in [
            (workload(3, "push", 1), "push"),
            (workload(3, "put", 0), "weight"),
            (workload(0, "put", 1), "keys"),
        ] {
            let error = generator(&wrong).err().unwrap();
            assert!(error.contains(names), "{error}");
        }
    }
}
