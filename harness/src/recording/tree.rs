//! [`Value`]s in JSON, so that they read back as they were.
//!
//! | tree | JSON |
//! |---|---|
//! | a struct | `{"$":"Raft","term":...}` |
//! | a variant | `{"@":"Follower"}`, `{"@":"Vote","term":...}`, `{"@":"Ping","":7}` |
//! | an id | `{"#":"Term","n":3}` |
//! | a map | `{"%":[[key,value],...]}` |
//! | an integer beyond 64 bits | `{"#":"","n":"340282366920938463463374607431768211455"}` |
//!
//! Everything else is what JSON has for it. A field whose name begins with one of these signs gets a `~` before it.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json};

use orrery_sim::Value;

use super::names::constant;

const STRUCT: &str = "$";
const VARIANT: &str = "@";
const ID: &str = "#";
const NUMBER: &str = "n";
const MAP: &str = "%";
/// The key of what a variant holds, where that is not a struct of its own name.
const INNER: &str = "";

/// A [`Value`] in a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree(pub(super) Value);

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(Json::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// A [`Value`] that is only looked at.
struct Borrowed<'a>(&'a Value);

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(self.0, serializer)
    }
}

fn write<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Null => serializer.serialize_unit(),
        Value::Bool(truth) => serializer.serialize_bool(*truth),
        Value::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => serializer.serialize_i64(number),
            (_, Ok(number)) => serializer.serialize_u64(number),
            (Err(_), Err(_)) => write_id("", *number, serializer),
        },
        Value::Text(text) => serializer.serialize_str(text),
        Value::Id(name, number) => write_id(name, *number, serializer),
        Value::List(items) => serializer.collect_seq(items.iter().map(Borrowed)),
        Value::Map(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| (Borrowed(k), Borrowed(v))).collect();
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(MAP, &pairs)?;
            map.end()
        }
        Value::Struct(name, fields) => write_fields((STRUCT, name), fields, serializer),
        Value::Variant(name, inner) => match &**inner {
            Value::Null => write_fields((VARIANT, name), &[], serializer),
            Value::Struct(own, fields) if own == name && !fields.is_empty() => {
                write_fields((VARIANT, name), fields, serializer)
            }
            other => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry(VARIANT, name)?;
                map.serialize_entry(INNER, &Borrowed(other))?;
                map.end()
            }
        },
    }
}

fn write_id<S: Serializer>(name: &str, number: i128, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry(ID, name)?;
    match i64::try_from(number) {
        Ok(number) => map.serialize_entry(NUMBER, &number)?,
        Err(_) => map.serialize_entry(NUMBER, &number.to_string())?,
    }
    map.end()
}

fn write_fields<S: Serializer>(
    (sign, name): (&str, &str),
    fields: &[(&'static str, Value)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len() + 1))?;
    map.serialize_entry(sign, name)?;
    for (name, value) in fields {
        if is_sign(name) {
            map.serialize_entry(&format!("~{name}"), &Borrowed(value))?;
        } else {
            map.serialize_entry(name, &Borrowed(value))?;
        }
    }
    map.end()
}

/// Whether a key could be taken for something else than a field's name.
fn is_sign(name: &str) -> bool {
    name.is_empty() || name.starts_with(['$', '@', '#', '%', '~'])
}

fn read(json: Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => Value::Int(integer(&Json::Number(number))?),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(read).collect::<Result<_, _>>()?),
        Json::Object(object) => read_object(object)?,
    })
}

fn read_object(mut object: Map<String, Json>) -> Result<Value, String> {
    if let Some(name) = object.shift_remove(STRUCT) {
        let name = constant(text(&name)?)?;
        return Ok(Value::Struct(name, read_fields(object)?));
    }
    if let Some(name) = object.shift_remove(VARIANT) {
        let name = constant(text(&name)?)?;
        let inner = if let Some(inner) = object.shift_remove(INNER) {
            read(inner)?
        } else if object.is_empty() {
            Value::Null
        } else {
            Value::Struct(name, read_fields(object)?)
        };
        return Ok(Value::Variant(name, Box::new(inner)));
    }
    if let (Some(name), Some(number)) = (object.get(ID), object.get(NUMBER)) {
        let (name, number) = (text(name)?, integer(number)?);
        return Ok(match name {
            "" => Value::Int(number),
            name => Value::Id(constant(name)?, number),
        });
    }
    if let Some(Json::Array(pairs)) = object.shift_remove(MAP) {
        return Ok(Value::Map(pairs.into_iter().map(read_pair).collect::<Result<_, _>>()?));
    }
    Err(String::from("an object of a state is neither a struct, a variant, an id nor a map"))
}

fn read_fields(object: Map<String, Json>) -> Result<Vec<(&'static str, Value)>, String> {
    let field = |(name, value): (String, Json)| {
        Ok((constant(name.strip_prefix('~').unwrap_or(&name))?, read(value)?))
    };
    object.into_iter().map(field).collect()
}

fn read_pair(json: Json) -> Result<(Value, Value), String> {
    match json {
        Json::Array(pair) => match <[Json; 2]>::try_from(pair) {
            Ok([key, value]) => Ok((read(key)?, read(value)?)),
            Err(_) => Err(String::from("an entry of a map is no pair")),
        },
        other => Err(format!("`{other}` is no entry of a map")),
    }
}

fn text(json: &Json) -> Result<&str, String> {
    json.as_str().ok_or_else(|| format!("`{json}` is no name"))
}

fn integer(json: &Json) -> Result<i128, String> {
    let small = json.as_i64().map(i128::from).or_else(|| json.as_u64().map(i128::from));
    let large = || json.as_str().and_then(|digits| digits.parse().ok());
    small.or_else(large).ok_or_else(|| format!("`{json}` is no integer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_reads_back_as_it_was() {
        let field = |value| Value::Struct("S", vec![("f", value)]);
        let trees = [
            (Value::Null, "null"),
            (Value::Int(-7), "-7"),
            (Value::Int(u64::MAX.into()), "18446744073709551615"),
            (Value::Int(i128::MIN), r##"{"#":"","n":"-170141183460469231731687303715884105728"}"##),
            (Value::Id("Term", 3), r##"{"#":"Term","n":3}"##),
            (Value::Text("$".into()), r#""$""#),
            (Value::List(vec![Value::Bool(true), Value::Null]), "[true,null]"),
            (Value::Map(vec![(Value::Int(1), Value::Null)]), r#"{"%":[[1,null]]}"#),
            (Value::Struct("S", vec![]), r#"{"$":"S"}"#),
            (field(Value::Null), r#"{"$":"S","f":null}"#),
            (Value::Struct("S", vec![("$", Value::Int(1))]), r#"{"$":"S","~$":1}"#),
            (Value::Variant("V", Box::new(Value::Null)), r#"{"@":"V"}"#),
            (Value::Variant("V", Box::new(Value::Int(1))), r#"{"@":"V","":1}"#),
            (Value::Variant("S", Box::new(field(Value::Int(2)))), r#"{"@":"S","f":2}"#),
            (
                Value::Variant("S", Box::new(Value::Struct("S", vec![]))),
                r#"{"@":"S","":{"$":"S"}}"#,
            ),
            (
                Value::Variant("V", Box::new(field(Value::Int(2)))),
                r#"{"@":"V","":{"$":"S","f":2}}"#,
            ),
        ];
        for (tree, json) in trees {
            let tree = Tree(tree);
            assert_eq!(serde_json::to_string(&tree).unwrap(), json);
            assert_eq!(serde_json::from_str::<Tree>(json).unwrap(), tree);
        }
    }

    #[test]
    fn what_no_writer_wrote_is_an_error() {
        for json in [r#"{"a":1}"#, "1.5", r##"{"#":1,"n":2}"##, r#"{"%":[[1]]}"#, r#"{"$":[]}"#] {
            assert!(serde_json::from_str::<Tree>(json).is_err(), "{json}");
        }
    }
}
