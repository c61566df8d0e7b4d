//! The knobs of a scenario: named values that its strings mention and `--set` turns.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Problem, Problems};
use crate::expression::{Evaluated, ExpressionError, Knob, evaluate, mentions_knob, sole_knob};
use crate::quantity::Quantity;
use crate::suggest::did_you_mean;
use crate::tree::{Table, Text, Tree, Value};

/// Words that mean something else in the token of a run, where what was set stands.
const TOKEN_WORDS: [&str; 4] = ["bug", "plan", "compare", "protocol"];

/// The knobs with their values computed.
pub(crate) struct Knobs {
    values: BTreeMap<String, Tree>,
}

impl Knobs {
    /// Reads the table `knobs`, in which later ones may mention earlier ones.
    pub(crate) fn read(table: Option<&Table>, problems: &mut Problems) -> Self {
        let mut knobs = Self { values: BTreeMap::new() };
        for entry in table.map(|table| table.0.as_slice()).unwrap_or_default() {
            let mut value = entry.value.clone();
            if TOKEN_WORDS.contains(&entry.key.as_str()) {
                let message = format!("no knob can be called `{}`", entry.key);
                let help = "in the token of a run the word means something else: choose another";
                problems.push(Problem::at(&entry.key_place, message).help(help));
            }
            match value.value {
                Value::List(_) | Value::Table(_) => {
                    let message = format!("the knob `{}` is {}", entry.key, value.kind());
                    let help = "a knob is a number, a duration, another text, true or false";
                    problems.push(value.problem(message).help(help));
                }
                _ => knobs.apply(&mut value, problems),
            }
            knobs.values.insert(entry.key.clone(), value);
        }
        knobs
    }

    /// Puts the knobs into every string of `tree`.
    pub(crate) fn apply(&self, tree: &mut Tree, problems: &mut Problems) {
        match &mut tree.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.apply(item, problems)),
            Value::Table(Table(entries)) => {
                for entry in entries {
                    self.apply(&mut entry.value, problems);
                }
            }
            Value::Text(text) if mentions_knob(&text.text) => {
                let written = text.text.clone();
                match self.value_of(&written) {
                    Ok(value) => {
                        tree.value = value;
                        tree.written = Some(written);
                    }
                    Err(error) => {
                        let problem = tree.problem_in(&error.span, error.message);
                        problems.push(Problem { help: error.help, ..problem });
                    }
                }
            }
            Value::Text(_) | Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_) => {}
        }
    }

    fn value_of(&self, text: &str) -> Result<Value, ExpressionError> {
        if let Some(name) = sole_knob(text) {
            return Ok(self.find(name, 0..text.len())?.value.clone());
        }
        let mut lookup = |name: &str, span: Range<usize>| self.find(name, span).map(as_knob);
        match evaluate(text, &mut lookup)? {
            Evaluated::Text(text) => Ok(Value::Text(Text::computed(text))),
            Evaluated::Quantity(quantity) => typed(quantity)
                .map_err(|error| ExpressionError::new(error.to_string(), 0..text.len())),
        }
    }

    fn find(&self, name: &str, span: Range<usize>) -> Result<&Tree, ExpressionError> {
        self.values.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.values.keys().map(String::as_str).collect();
            let hint = did_you_mean(name, &names, "knobs");
            let help = format!("{hint}; a knob is declared in `knobs = {{ {name} = .. }}`");
            let error = ExpressionError::new(format!("there is no knob `{name}`"), span);
            ExpressionError { help: Some(help), ..error }
        })
    }
}

fn as_knob(tree: &Tree) -> Knob {
    let quantity = match &tree.value {
        Value::Integer(number) => Quantity::parse(&number.to_string()),
        Value::Decimal(number) => Quantity::parse(number),
        Value::Text(text) => Quantity::parse(&text.text),
        Value::Boolean(flag) => return Knob::Text(flag.to_string()),
        Value::List(_) | Value::Table(_) => None,
    };
    quantity.map_or_else(|| Knob::Text(tree.as_text().unwrap_or_default().into()), Knob::Quantity)
}

/// The TOML value that a quantity is.
fn typed(quantity: Quantity) -> Result<Value, crate::quantity::ArithmeticError> {
    let text = quantity.exact_text()?;
    Ok(match quantity {
        Quantity::Time(_) => Value::Text(Text::computed(text)),
        Quantity::Number(number) => number.as_whole().map_or(Value::Decimal(text), Value::Integer),
    })
}
