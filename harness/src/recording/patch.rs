//! What changed between two trees, as data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use orrery_sim::Value;

use super::tree::Tree;

/// One step down a tree: the name of a field or variant, or a place in a list or map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Step {
    Place(usize),
    Name(Cow<'static, str>),
}

impl Step {
    pub(super) const fn name(name: &'static str) -> Self {
        Self::Name(Cow::Borrowed(name))
    }
}

/// One change, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Patch(pub(super) Vec<Step>, pub(super) Edit);

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Edit {
    /// There is another tree now.
    To(Tree),
    /// From this place of a list or map on so many entries are gone, and these are in their place. An entry of a map is
    /// a list of key and value.
    Splice(usize, usize, Vec<Tree>),
}

fn compare(old: &Value, new: &Value, at: &mut Vec<Step>, patches: &mut Vec<Patch>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Struct(name, old), Value::Struct(other, new))
            if name == other && has_same_names(old, new) =>
        {
            for ((name, old), (_, new)) in old.iter().zip(new) {
                descend(Step::name(name), (old, new), at, patches);
            }
        }
        (Value::Variant(name, old), Value::Variant(other, new)) if name == other => {
            descend(Step::name(name), (old, new), at, patches);
        }
        (Value::List(old), Value::List(new)) => compare_lists(old, new, 0, at, patches),
        (Value::Map(old), Value::Map(new)) => compare_maps(old, new, 0, at, patches),
        _ => patches.push(Patch(at.clone(), Edit::To(Tree(new.clone())))),
    }
}

fn has_same_names(old: &[(&'static str, Value)], new: &[(&'static str, Value)]) -> bool {
    old.iter().map(|(name, _)| name).eq(new.iter().map(|(name, _)| name))
}

fn descend(step: Step, (old, new): (&Value, &Value), at: &mut Vec<Step>, patches: &mut Vec<Patch>) {
    at.push(step);
    compare(old, new, at, patches);
    at.pop();
}

/// Compares what two lists have from place `from` on, before which they are the same.
pub(super) fn compare_lists(
    old: &[Value],
    new: &[Value],
    from: usize,
    at: &mut Vec<Step>,
    patches: &mut Vec<Patch>,
) {
    if old.len() == new.len() {
        for (place, pair) in old.iter().zip(new).enumerate() {
            descend(Step::Place(from + place), pair, at, patches);
        }
        return;
    }
    let (start, cut, put) = splice(old, new);
    let put = put.iter().cloned().map(Tree).collect();
    patches.push(Patch(at.clone(), Edit::Splice(from + start, cut, put)));
}

/// The same for two maps.
pub(super) fn compare_maps(
    old: &[(Value, Value)],
    new: &[(Value, Value)],
    from: usize,
    at: &mut Vec<Step>,
    patches: &mut Vec<Patch>,
) {
    if old.iter().map(|(key, _)| key).eq(new.iter().map(|(key, _)| key)) {
        for (place, ((_, old), (_, new))) in old.iter().zip(new).enumerate() {
            descend(Step::Place(from + place), (old, new), at, patches);
        }
        return;
    }
    let (start, cut, put) = splice(old, new);
    let entry = |(key, value): &(Value, Value)| Tree(Value::List(vec![key.clone(), value.clone()]));
    let put = put.iter().map(entry).collect();
    patches.push(Patch(at.clone(), Edit::Splice(from + start, cut, put)));
}

/// The one stretch in which two lists differ: where it begins, how much of `old` it covers, and what stands there in
/// `new`.
pub(super) fn splice<'a, T: PartialEq>(old: &[T], new: &'a [T]) -> (usize, usize, &'a [T]) {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[start..], &new[start..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    (start, old.len() - tail, &new[..new.len() - tail])
}

/// Takes `cut` entries from `start` on out of `list` and puts `put` there.
///
/// # Errors
/// Where the list is too short.
pub(super) fn apply_splice<T>(
    list: &mut Vec<T>,
    (start, cut): (usize, usize),
    put: impl IntoIterator<Item = T>,
) -> Result<(), String> {
    let end = start.checked_add(cut).filter(|end| *end <= list.len());
    let end = end.ok_or_else(|| format!("a list of {} entries has none at {start}", list.len()))?;
    list.splice(start..end, put);
    Ok(())
}

impl Patch {
    /// Changes `tree`.
    ///
    /// # Errors
    /// Where it does not fit: how.
    pub(super) fn apply(&self, tree: &mut Value) -> Result<(), String> {
        let mut place = tree;
        for step in &self.0 {
            place = go(place, step)?;
        }
        match (&self.1, place) {
            (Edit::To(new), place) => *place = new.0.clone(),
            (Edit::Splice(start, cut, put), Value::List(items)) => {
                apply_splice(items, (*start, *cut), put.iter().map(|tree| tree.0.clone()))?;
            }
            (Edit::Splice(start, cut, put), Value::Map(pairs)) => {
                let entries: Result<Vec<_>, _> = put.iter().map(entry).collect();
                apply_splice(pairs, (*start, *cut), entries?)?;
            }
            (Edit::Splice(..), _) => return Err(String::from("only lists and maps have entries")),
        }
        Ok(())
    }
}

fn entry(tree: &Tree) -> Result<(Value, Value), String> {
    match &tree.0 {
        Value::List(pair) => match &pair[..] {
            [key, value] => Ok((key.clone(), value.clone())),
            _ => Err(String::from("an entry of a map is no pair")),
        },
        other => Err(format!("`{other}` is no entry of a map")),
    }
}

fn go<'a>(tree: &'a mut Value, step: &Step) -> Result<&'a mut Value, String> {
    let found = match (tree, step) {
        (Value::Struct(_, fields), Step::Name(name)) => {
            fields.iter_mut().find(|(own, _)| own == name).map(|(_, value)| value)
        }
        (Value::Variant(own, inner), Step::Name(name)) => (own == name).then_some(&mut **inner),
        (Value::List(items), Step::Place(place)) => items.get_mut(*place),
        (Value::Map(pairs), Step::Place(place)) => pairs.get_mut(*place).map(|(_, value)| value),
        _ => None,
    };
    found.ok_or_else(|| format!("a change leads through {step:?}, which the state does not have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Value {
        let map = Value::Map(vec![]);
        Value::Struct("Node", vec![("log", Value::List(vec![Value::Int(1)])), ("map", map)])
    }

    #[test]
    fn a_patch_that_does_not_fit_is_an_error() {
        let patch = |text: &str| serde_json::from_str::<Patch>(text).unwrap();
        for text in [
            r#"[["term"],{"to":1}]"#,
            r#"[["log",7],{"to":1}]"#,
            r#"[["log"],{"splice":[1,9,[]]}]"#,
            r#"[["log"],{"splice":[18446744073709551615,1,[]]}]"#,
            r#"[["map"],{"splice":[0,0,[1]]}]"#,
            r#"[[],{"splice":[0,0,[]]}]"#,
        ] {
            let mut tree = node();
            assert!(patch(text).apply(&mut tree).is_err(), "{text}");
        }
    }
}
