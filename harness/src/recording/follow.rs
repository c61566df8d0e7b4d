//! Data followed by its tree: the tree is changed where the data has changed, and every change is noted. Nothing is built
//! where nothing has changed, because a node changes a few leaves of a large state.

use std::fmt;

use serde::ser::{self, Serialize, SerializeMap, Serializer};

use orrery_sim::Value;

use super::patch::{Edit, Patch, Step, compare_lists, compare_maps};
use super::tree::Tree;

/// Makes `tree`, which may be of an earlier `data`, the tree of `data`, of whose long lists it shows the last
/// [`most`](Value::brief). Returns what leads from the one to the other.
pub(super) fn follow<T: Serialize + ?Sized>(tree: &mut Value, data: &T, most: usize) -> Vec<Patch> {
    let mut notes = Notes { at: vec![], patches: vec![], is_strict: false, most };
    // Only a strict walk fails.
    let _ = notes.follow(tree, data);
    notes.patches
}

/// The key of the entry that stands for those of a map that are left out.
const ELLIPSIS: &str = "...";

/// Where the walk is, and what it has found.
struct Notes {
    at: Vec<Step>,
    patches: Vec<Patch>,
    /// Whether the first difference ends the walk, and nothing is changed.
    is_strict: bool,
    /// How much of a long list is shown.
    most: usize,
}

impl Notes {
    fn tree<T: Serialize + ?Sized>(&self, data: &T) -> Value {
        Value::brief(data, self.most)
    }

    /// How many elements of a list or map are left out, and how many places its tree has.
    fn places(&self, length: Option<usize>) -> (usize, Option<usize>) {
        let left_out = length.map_or(0, |length| Value::left_out(length, self.most));
        let ellipsis = usize::from(0 < left_out);
        (left_out, length.map(|length| length - left_out + ellipsis))
    }

    fn follow<T: Serialize + ?Sized>(&mut self, tree: &mut Value, data: &T) -> Result<(), Differs> {
        let (depth, count) = (self.at.len(), self.patches.len());
        let walked = data.serialize(Follower { tree, notes: self });
        if walked.is_ok() || self.is_strict {
            return walked;
        }
        // It is something else here. What was found below is part of that.
        self.at.truncate(depth);
        let has_changed = self.patches.len() != count;
        self.patches.truncate(count);
        let new = self.tree(data);
        if has_changed || new != *tree {
            self.patches.push(Patch(self.at.clone(), Edit::To(Tree(new.clone()))));
            *tree = new;
        }
        Ok(())
    }

    fn follow_at<T: Serialize + ?Sized>(
        &mut self,
        step: Step,
        tree: &mut Value,
        data: &T,
    ) -> Result<(), Differs> {
        self.at.push(step);
        self.follow(tree, data)?;
        self.at.pop();
        Ok(())
    }

    /// Whether nothing has changed. Leaves everything as it is.
    fn is_same<T: Serialize + ?Sized>(&mut self, tree: &mut Value, data: &T) -> bool {
        let (depth, was_strict) = (self.at.len(), std::mem::replace(&mut self.is_strict, true));
        let walked = self.follow(tree, data);
        self.at.truncate(depth);
        self.is_strict = was_strict;
        walked.is_ok()
    }

    /// A list or map is not as it was from some place on.
    const fn may_change(&self) -> Result<(), Differs> {
        same(!self.is_strict)
    }
}

/// The data is not what the tree is of.
#[derive(Debug)]
struct Differs;

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it differs")
    }
}

impl std::error::Error for Differs {}

impl ser::Error for Differs {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

const fn same(is_same: bool) -> Result<(), Differs> {
    if is_same { Ok(()) } else { Err(Differs) }
}

/// Whether two names are the same. They mostly are one constant, so that their texts need not be looked at.
fn is_name(own: &str, name: &str) -> bool {
    std::ptr::eq(own, name) || own == name
}

/// Succeeds once the tree is that of the data, where both are alike enough to be compared part by part.
struct Follower<'a> {
    tree: &'a mut Value,
    notes: &'a mut Notes,
}

impl<'a> Follower<'a> {
    fn integer(self, number: i128) -> Result<(), Differs> {
        same(*self.tree == Value::Int(number))
    }

    fn text(self, text: &str) -> Result<(), Differs> {
        same(matches!(self.tree, Value::Text(own) if own == text))
    }

    fn unit(self, name: &str) -> Result<(), Differs> {
        same(
            matches!(self.tree, Value::Variant(own, inner) if is_name(own, name) && **inner == Value::Null),
        )
    }

    /// What the variant of that name holds.
    fn inner(self, name: &str) -> Result<(&'a mut Value, &'a mut Notes), Differs> {
        match self.tree {
            Value::Variant(own, inner) if is_name(own, name) => Ok((&mut **inner, self.notes)),
            _ => Err(Differs),
        }
    }

    fn list(self, leaves: usize, length: Option<usize>) -> Result<List<'a>, Differs> {
        let Value::List(items) = self.tree else { return Err(Differs) };
        let is_as_long = length == Some(items.len());
        Ok(List { items, place: 0, is_as_long, rest: None, leaves, skip: 0, notes: self.notes })
    }

    /// A list of which the first elements may be left out.
    fn long_list(self, length: Option<usize>) -> Result<List<'a>, Differs> {
        let (left_out, places) = self.notes.places(length);
        let mut list = self.list(0, places)?;
        if 0 < left_out {
            list.item(&Value::ellipsis(left_out))?;
            list.skip = left_out;
        }
        Ok(list)
    }

    fn fields(self, leaves: usize, name: &str) -> Result<Fields<'a>, Differs> {
        match self.tree {
            Value::Struct(own, fields) if is_name(own, name) => {
                Ok(Fields { known: fields, place: 0, leaves, notes: self.notes })
            }
            _ => Err(Differs),
        }
    }

    /// The same one step further down, at a variant of that name.
    fn at_variant(self, name: &'static str) -> Result<Follower<'a>, Differs> {
        let (tree, notes) = self.inner(name)?;
        notes.at.push(Step::name(name));
        Ok(Follower { tree, notes })
    }
}

/// Methods of [`Follower`] for one integer type each.
macro_rules! integers {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, number: $type) -> Result<(), Differs> {
            self.integer(i128::from(number))
        })*
    };
}

impl<'a> Serializer for Follower<'a> {
    type Ok = ();
    type Error = Differs;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_i128: i128,
    }

    fn serialize_u128(self, number: u128) -> Result<(), Differs> {
        i128::try_from(number).map_or(Err(Differs), |number| self.integer(number))
    }
    fn serialize_bool(self, truth: bool) -> Result<(), Differs> {
        same(*self.tree == Value::Bool(truth))
    }
    // No state has floats or bytes; if one has, it is built and compared as a whole.
    fn serialize_f32(self, _: f32) -> Result<(), Differs> {
        Err(Differs)
    }
    fn serialize_f64(self, _: f64) -> Result<(), Differs> {
        Err(Differs)
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Differs> {
        Err(Differs)
    }
    fn serialize_char(self, letter: char) -> Result<(), Differs> {
        self.text(letter.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, text: &str) -> Result<(), Differs> {
        self.text(text)
    }
    fn serialize_none(self) -> Result<(), Differs> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, inner: &T) -> Result<(), Differs> {
        inner.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Differs> {
        same(*self.tree == Value::Null)
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Differs> {
        self.unit(name)
    }
    fn serialize_unit_variant(self, _: &str, _: u32, variant: &str) -> Result<(), Differs> {
        self.unit(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        inner: &T,
    ) -> Result<(), Differs> {
        match self.tree {
            Value::Id(own, number) if is_name(own, name) => {
                let mut plain = Value::Int(*number);
                inner.serialize(Follower { tree: &mut plain, notes: self.notes })
            }
            // An integer in a newtype is an id.
            Value::Int(_) => Err(Differs),
            Value::Null
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Id(..)
            | Value::List(_)
            | Value::Map(_)
            | Value::Struct(..)
            | Value::Variant(..) => inner.serialize(self),
        }
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        inner: &T,
    ) -> Result<(), Differs> {
        let (tree, notes) = self.inner(variant)?;
        notes.follow_at(Step::name(variant), tree, inner)
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<List<'a>, Differs> {
        self.long_list(length)
    }
    fn serialize_tuple(self, length: usize) -> Result<List<'a>, Differs> {
        self.list(0, Some(length))
    }
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List<'a>, Differs> {
        self.list(0, Some(length))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<List<'a>, Differs> {
        self.at_variant(variant)?.list(1, Some(length))
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Pairs<'a>, Differs> {
        let Value::Map(known) = self.tree else { return Err(Differs) };
        let (left_out, _) = self.notes.places(length);
        let mut pairs =
            Pairs { known, place: 0, rest: None, key: None, skip: 0, notes: self.notes };
        if 0 < left_out {
            pairs.serialize_entry(ELLIPSIS, &Value::ellipsis(left_out))?;
            pairs.skip = left_out;
        }
        Ok(pairs)
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Differs> {
        self.fields(0, name)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Differs> {
        self.at_variant(variant)?.fields(1, variant)
    }
}

/// A list that is being followed: entry by entry where it is as long as it was, else up to the first entry that differs,
/// from where on it is built.
struct List<'a> {
    items: &'a mut Vec<Value>,
    place: usize,
    is_as_long: bool,
    rest: Option<Vec<Value>>,
    /// Steps to leave at the end.
    leaves: usize,
    /// Elements that are still to be left out.
    skip: usize,
    notes: &'a mut Notes,
}

impl List<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Differs> {
        if 0 < self.skip {
            self.skip -= 1;
            return Ok(());
        }
        let place = self.place;
        self.place += 1;
        if let Some(rest) = &mut self.rest {
            rest.push(self.notes.tree(item));
            return Ok(());
        }
        if let Some(known) = self.items.get_mut(place) {
            if self.is_as_long {
                return self.notes.follow_at(Step::Place(place), known, item);
            }
            if self.notes.is_same(known, item) {
                return Ok(());
            }
        }
        self.notes.may_change()?;
        self.rest = Some(vec![self.notes.tree(item)]);
        Ok(())
    }

    fn finish(self) -> Result<(), Differs> {
        let matched = self.place - self.rest.as_ref().map_or(0, Vec::len);
        if matched < self.items.len() || self.rest.is_some() {
            self.notes.may_change()?;
            let rest = self.rest.unwrap_or_default();
            let Notes { at, patches, .. } = self.notes;
            compare_lists(&self.items[matched..], &rest, matched, at, patches);
            self.items.truncate(matched);
            self.items.extend(rest);
        }
        self.notes.at.truncate(self.notes.at.len() - self.leaves);
        Ok(())
    }
}

/// The four list-like builders of [`Follower`], which differ in the method's name only.
macro_rules! lists {
    ($($trait:ident::$method:ident),* $(,)?) => {
        $(impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = Differs;
            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Differs> {
                self.item(item)
            }
            fn end(self) -> Result<(), Differs> {
                self.finish()
            }
        })*
    };
}

lists! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

/// A map that is being followed: up to the first key that differs, from where on it is built.
struct Pairs<'a> {
    known: &'a mut Vec<(Value, Value)>,
    place: usize,
    rest: Option<Vec<(Value, Value)>>,
    /// The key that waits for its value, where it is not the known one.
    key: Option<Value>,
    /// Entries that are still to be left out.
    skip: usize,
    notes: &'a mut Notes,
}

impl SerializeMap for Pairs<'_> {
    type Ok = ();
    type Error = Differs;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Differs> {
        if 0 < self.skip {
            return Ok(());
        }
        let known = self.known.get_mut(self.place).filter(|_| self.rest.is_none());
        if known.is_some_and(|(known, _)| self.notes.is_same(known, key)) {
            return Ok(());
        }
        self.notes.may_change()?;
        self.key = Some(self.notes.tree(key));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Differs> {
        if 0 < self.skip {
            self.skip -= 1;
            return Ok(());
        }
        let place = self.place;
        self.place += 1;
        match (self.key.take(), self.known.get_mut(place)) {
            (Some(key), _) => {
                let value = self.notes.tree(value);
                self.rest.get_or_insert_default().push((key, value));
                Ok(())
            }
            (None, Some((_, known))) => self.notes.follow_at(Step::Place(place), known, value),
            (None, None) => Err(Differs),
        }
    }

    fn end(self) -> Result<(), Differs> {
        let matched = self.place - self.rest.as_ref().map_or(0, Vec::len);
        if matched < self.known.len() || self.rest.is_some() {
            self.notes.may_change()?;
            let rest = self.rest.unwrap_or_default();
            let Notes { at, patches, .. } = self.notes;
            compare_maps(&self.known[matched..], &rest, matched, at, patches);
            self.known.truncate(matched);
            self.known.extend(rest);
        }
        Ok(())
    }
}

/// The fields of a struct that are being followed.
struct Fields<'a> {
    known: &'a mut [(&'static str, Value)],
    place: usize,
    /// Steps to leave at the end.
    leaves: usize,
    notes: &'a mut Notes,
}

/// The two struct-like builders of [`Follower`].
macro_rules! structs {
    ($($trait:ident),* $(,)?) => {
        $(impl ser::$trait for Fields<'_> {
            type Ok = ();
            type Error = Differs;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Differs> {
                let known = self.known.get_mut(self.place).filter(|(own, _)| is_name(own, key));
                let Some((_, known)) = known else { return Err(Differs) };
                self.place += 1;
                self.notes.follow_at(Step::name(key), known, value)
            }
            fn end(self) -> Result<(), Differs> {
                self.notes.at.truncate(self.notes.at.len() - self.leaves);
                same(self.place == self.known.len())
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    const MOST: usize = 64;

    #[derive(Clone, Copy, Serialize)]
    struct Term(u64);

    #[derive(Clone, Serialize)]
    enum Role {
        Follower,
        Candidate(Term, u8),
        Leader { next: Vec<Term>, last: Option<Term> },
        Boxed(BTreeMap<String, Term>),
    }

    #[derive(Clone, Serialize)]
    struct Node {
        role: Role,
        log: Vec<(Term, &'static str)>,
        map: BTreeMap<u8, Role>,
        big: u128,
    }

    fn node(role: Role, log: &[(u64, &'static str)], map: &[(u8, Role)]) -> Node {
        let log = log.iter().map(|(term, text)| (Term(*term), *text)).collect();
        Node { role, log, map: map.iter().cloned().collect(), big: u128::MAX }
    }

    fn leader(next: &[u64], last: Option<u64>) -> Role {
        Role::Leader { next: next.iter().copied().map(Term).collect(), last: last.map(Term) }
    }

    fn boxed(pairs: &[(&str, u64)]) -> Role {
        Role::Boxed(pairs.iter().map(|(key, term)| ((*key).to_string(), Term(*term))).collect())
    }

    fn states() -> Vec<Node> {
        let (a, b) = (leader(&[1, 2], None), leader(&[1, 3], Some(4)));
        vec![
            node(Role::Follower, &[], &[]),
            node(Role::Candidate(Term(1), 2), &[(1, "a")], &[(1, a.clone())]),
            node(
                Role::Candidate(Term(1), 3),
                &[(1, "b"), (2, "c")],
                &[(1, b.clone()), (2, a.clone())],
            ),
            node(a.clone(), &[(1, "a"), (1, "b"), (2, "c")], &[(0, a.clone()), (1, b.clone())]),
            node(b, &[(1, "b"), (2, "c")], &[(2, boxed(&[("x", 1)]))]),
            node(
                leader(&[2], Some(4)),
                &[(3, "b"), (2, "d")],
                &[(2, boxed(&[("x", 2), ("y", 1)]))],
            ),
            node(boxed(&[("y", 2)]), &[(2, "d")], &[(2, Role::Follower), (3, a)]),
        ]
    }

    #[test]
    fn any_state_is_followed_to_any_other() {
        let states = states();
        let pairs = states.iter().flat_map(|old| states.iter().map(move |new| (old, new)));
        for (old, new) in pairs {
            for most in [1, MOST] {
                let (before, after) = (Value::brief(old, most), Value::brief(new, most));
                let mut tree = before.clone();
                let patches = follow(&mut tree, new, most);
                assert_eq!(tree, after);
                assert_eq!(patches.is_empty(), before == after, "{patches:?}");
                let text = serde_json::to_string(&patches).unwrap();
                let patches: Vec<Patch> = serde_json::from_str(&text).unwrap();
                let mut made = before;
                patches.iter().try_for_each(|patch| patch.apply(&mut made)).unwrap();
                assert_eq!(made, after, "{text}");
            }
        }
    }

    #[test]
    fn a_small_change_is_a_small_patch() {
        let text = |old: &Node, new: &Node| {
            serde_json::to_string(&follow(&mut Value::brief(old, MOST), new, MOST)).unwrap()
        };
        let mut old = node(leader(&[1, 2], None), &[(1, "a"); 99], &[(1, Role::Follower)]);
        let mut new = old.clone();
        new.role = leader(&[1, 3], None);
        let expected = r##"[[["role","Leader","next",1],{"to":{"#":"Term","n":3}}]]"##;
        assert_eq!(text(&old, &new), expected);
        (new, old) = (old.clone(), new);
        new.role = old.role.clone();
        new.log.push((Term(2), "b"));
        new.map.insert(1, Role::Candidate(Term(1), 1));
        let entry = r##"[["log"],{"splice":[99,0,[[{"#":"Term","n":2},"b"]]]}]"##;
        let role = r##"[["map",0],{"to":{"@":"Candidate","":[{"#":"Term","n":1},1]}}]"##;
        assert_eq!(text(&old, &new), format!("[{entry},{role}]"));
        old.log.remove(0);
        new = old.clone();
        old.log.insert(0, (Term(0), "first"));
        assert_eq!(text(&old, &new), r#"[[["log"],{"splice":[0,1,[]]}]]"#);
    }

    #[test]
    fn what_grows_is_followed_at_its_end() {
        let mut grown = node(Role::Follower, &[], &[]);
        let mut tree = Value::brief(&grown, 4);
        let mut read_back = tree.clone();
        for number in 0..40 {
            grown.log.push((Term(number), "entry"));
            grown.map.insert(number as u8, Role::Candidate(Term(number), 0));
            let patches = follow(&mut tree, &grown, 4);
            assert_eq!(tree, Value::brief(&grown, 4));
            assert!(patches.len() <= 3, "{patches:?}");
            patches.iter().try_for_each(|patch| patch.apply(&mut read_back)).unwrap();
            assert_eq!(read_back, tree);
        }
        grown.log.drain(..20);
        grown.map.clear();
        follow(&mut tree, &grown, 4);
        assert_eq!(tree, Value::brief(&grown, 4));
    }

    /// What a type may be at one moment and another at the next.
    #[test]
    fn shapes_that_resemble_each_other_are_not_mistaken() {
        #[derive(Serialize)]
        struct Outer(Term);
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Any {
            Plain(u64),
            Id(Term),
            Nested(Outer),
            Text(char),
            List((u64, u64)),
            Float(f32),
            None(()),
        }
        let all = [
            Any::Plain(1),
            Any::Id(Term(1)),
            Any::Nested(Outer(Term(1))),
            Any::Text('1'),
            Any::List((1, 1)),
            Any::Float(1.5),
            Any::None(()),
        ];
        for old in &all {
            for new in &all {
                let mut tree = Value::of(old);
                let patches = follow(&mut tree, new, MOST);
                assert_eq!(tree, Value::of(new));
                assert_eq!(patches.is_empty(), Value::of(old) == tree);
            }
        }
    }
}
