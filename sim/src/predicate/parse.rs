//! From tokens to a predicate: the event. The condition is in `condition.rs`.

use std::ops::Range;

use super::lex::{Token, tokens, too_large};
use super::pattern::{EventKind, EventPattern, Who};
use super::suggest::closest;
use super::{FieldUse, LEADER, NameUse, Predicate, PredicateError};
use crate::id::{ClientId, NodeId};

/// Deeper conditions are refused, so that no text can exhaust the stack.
const DEPTH_MAX: u32 = 64;

/// Words between the parts of an event.
const PREPOSITIONS: [&str; 5] = ["from", "to", "on", "by", "where"];

/// Words that join conditions.
const CONNECTIVES: [&str; 3] = ["and", "or", "in"];

/// Words that mean something where a node or a field is expected, so that neither may have such a name.
const RESERVED: [&str; 18] = [
    "and", "or", "not", "in", "true", "false", "null", "where", "on", "by", "time", "self", "from",
    "to", "node", "client", "name", "payload",
];

/// What parsing gives.
pub(super) type Parsed<T> = Result<T, PredicateError>;

impl Predicate {
    /// The predicate that `text` writes. Never panics.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, where, and what would be right.
    pub fn parse(text: &str) -> Result<Self, PredicateError> {
        let mut parser = Parser::new(text)?;
        let event = if parser.is_event()? { Some(parser.event()?) } else { None };
        parser.has_event = event.is_some();
        let condition = match event {
            Some(_) if !parser.take_word("where") => None,
            _ => Some(parser.whole_condition()?),
        };
        let (may_follow, occurrence) = match (parser.take("#"), &condition) {
            (true, _) => ("the end", parser.occurrence()?),
            (false, Some(_)) => ("`and`, `or`, `#` or the end", 1),
            (false, None) => ("`from`, `to`, `on`, `by`, `where`, `#` or the end", 1),
        };
        parser.end(may_follow)?;
        let Parser { fields, names, .. } = parser;
        Ok(Self { event, condition, occurrence, text: text.to_string(), fields, names })
    }
}

/// A place among the tokens, and what was found so far.
pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token<'t>, Range<usize>)>,
    position: usize,
    depth: u32,
    /// Whether the condition is one on an event.
    pub(super) has_event: bool,
    /// How many folds surround this place.
    pub(super) folds: u32,
    pub(super) fields: Vec<FieldUse>,
    pub(super) names: Vec<NameUse>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parsed<Self> {
        let tokens = tokens(text)?;
        let (fields, names) = (Vec::new(), Vec::new());
        Ok(Self { text, tokens, position: 0, depth: 0, has_event: false, folds: 0, fields, names })
    }

    // Moving among the tokens.

    pub(super) fn peek(&self) -> &Token<'t> {
        &self.tokens[self.position].0
    }

    /// The token after the next one.
    pub(super) fn peek_second(&self) -> &Token<'t> {
        self.peek_beyond(1)
    }

    /// The token that follows the next one and `skipped - 1` others.
    pub(super) fn peek_beyond(&self, skipped: usize) -> &Token<'t> {
        self.tokens.get(self.position + skipped).map_or(&Token::End, |(token, _)| token)
    }

    /// The bytes of the next token.
    pub(super) fn span(&self) -> Range<usize> {
        self.tokens[self.position].1.clone()
    }

    /// The bytes from `start` to the end of the last token taken.
    pub(super) fn since(&self, start: usize) -> Range<usize> {
        let before = self.position.checked_sub(1).map_or(start, |before| self.tokens[before].1.end);
        start..before.max(start)
    }

    pub(super) fn written(&self, span: Range<usize>) -> &'t str {
        &self.text[span]
    }

    /// The next token. At the end it is the end for ever.
    pub(super) fn advance(&mut self) -> Token<'t> {
        let token = self.peek().clone();
        self.position = (self.position + 1).min(self.tokens.len() - 1);
        token
    }

    pub(super) fn at(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(next) if *next == symbol)
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(next) if *next == word)
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let is_next = self.at(symbol);
        if is_next {
            self.advance();
        }
        is_next
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.at_word(word);
        if is_next {
            self.advance();
        }
        is_next
    }

    /// Takes the bracket `close`, without which the one at `opened` would stay open.
    pub(super) fn close(&mut self, close: &str, opened: Range<usize>) -> Parsed<()> {
        if self.take(close) {
            return Ok(());
        }
        if *self.peek() == Token::End {
            let open = self.written(opened.clone());
            let error = PredicateError::new(format!("this `{open}` is never closed"), opened);
            return Err(error.help(format!("add `{close}`")));
        }
        Err(self.expected(&format!("`{close}`")))
    }

    pub(super) fn expected(&self, what: &str) -> PredicateError {
        PredicateError::new(format!("expected {what}, found {}", self.peek()), self.span())
    }

    /// Runs `parse` one level deeper.
    pub(super) fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            let message = format!("conditions are nested deeper than {DEPTH_MAX} levels");
            return Err(PredicateError::new(message, self.span()).help("split it in two"));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    // The event.

    /// Whether an event comes first, rather than a condition.
    fn is_event(&self) -> Parsed<bool> {
        let word = match self.peek() {
            Token::Word(word) => *word,
            Token::End => {
                let error = PredicateError::new("the predicate is empty", self.span());
                return Err(error.help("write an event (`note Elected`) or a condition"));
            }
            _ => return Ok(false),
        };
        let follows_name = match self.peek_second() {
            Token::Word(next) => !CONNECTIVES.contains(next),
            Token::Text(_) | Token::End => true,
            Token::Symbol(symbol) => *symbol == "#",
            Token::Int(_) | Token::Duration(_) => false,
        };
        if EventKind::of_word(word).is_some() {
            // A plan item may be called `crash`, and then `crash.node.term > 2` is a condition.
            return Ok(!matches!(self.peek_second(), Token::Symbol(".")));
        }
        let is_value = as_id(word).is_some() || word == LEADER || RESERVED.contains(&word);
        if is_value || !follows_name {
            return Ok(false);
        }
        let error = PredicateError::new(format!("no event kind `{word}`"), self.span());
        let kinds: Vec<_> = EventKind::ALL.iter().map(|kind| kind.word()).collect();
        Err(match closest(word, kinds.iter().copied()) {
            Some(kind) => error.help(format!("did you mean `{kind}`?")),
            None => error.help(format!("the kinds are {}", kinds.join(", "))),
        })
    }

    fn event(&mut self) -> Parsed<EventPattern> {
        let kind = match self.advance() {
            Token::Word(word) => EventKind::of_word(word),
            _ => None,
        };
        let kind = kind.ok_or_else(|| self.expected("an event kind"))?;
        let mut event = EventPattern { kind, name: None, from: None, to: None, on: None };
        match self.peek() {
            Token::Word(word) if PREPOSITIONS.contains(word) => (),
            Token::Word(_) | Token::Text(_) if kind.is_of_node() => event.on = Some(self.who()?),
            Token::Word(_) | Token::Text(_) => event.name = Some(self.event_name(kind)?),
            Token::Int(_) | Token::Duration(_) | Token::Symbol(_) | Token::End => (),
        }
        while let Token::Word(word @ ("from" | "to" | "on" | "by")) = *self.peek() {
            self.participant(&mut event, word)?;
        }
        Ok(event)
    }

    fn event_name(&mut self, kind: EventKind) -> Parsed<String> {
        let span = self.span();
        match self.advance() {
            Token::Word(word) if as_node_or_client(word) => {
                let place = if kind.has_link() { "from` or `to" } else { "on` or `by" };
                let error = PredicateError::new(
                    format!("`{word}` is no name of a {kind}", kind = kind.word()),
                    span,
                );
                Err(error.help(format!("write `{place}` before it")))
            }
            Token::Word(word) => Ok(word.to_string()),
            Token::Text(text) => Ok(text),
            _ => Err(self.expected("a name")),
        }
    }

    /// Reads one of `from`, `to`, `on` and `by` with who follows.
    fn participant(&mut self, event: &mut EventPattern, word: &str) -> Parsed<()> {
        let span = self.span();
        self.advance();
        let kind = event.kind.word();
        let slot = match word {
            "from" => &mut event.from,
            "to" => &mut event.to,
            _ => &mut event.on,
        };
        let is_link = word == "from" || word == "to";
        if is_link && !event.kind.has_link() {
            let error = PredicateError::new(format!("`{kind}` has no `{word}`"), span);
            return Err(error.help("write `on` before the node, `by` before the client"));
        }
        if slot.is_some() {
            let message = format!("`{word}` is there twice");
            return Err(PredicateError::new(message, span).help("leave one out"));
        }
        let named = self.span();
        let who = self.who()?;
        if matches!(who, Who::Client(_)) && !event.kind.is_of_client() {
            let message = format!("`{kind}` is about nodes, and `{who}` is a client");
            let help = "clients take part in `invoke`, `complete`, `fail` and `unknown`";
            return Err(PredicateError::new(message, named).help(help));
        }
        *slot = Some(who);
        Ok(())
    }

    /// A node or client: `n3`, `c1`, `leader`, another role or `ITEM.node`.
    pub(super) fn who(&mut self) -> Parsed<Who> {
        let span = self.span();
        let name = match self.peek() {
            Token::Word(word) if RESERVED.contains(word) => return Err(self.expected("a node")),
            Token::Word(word) => match as_id(word) {
                Some((letter, digits)) => {
                    self.advance();
                    return self.who_by_id(letter, digits, span);
                }
                None => (*word).to_string(),
            },
            Token::Text(text) => text.clone(),
            _ => return Err(self.expected("a node").help("write `n1`, `leader` or `ITEM.node`")),
        };
        self.advance();
        let is_item = self.take(".");
        if is_item && !self.take_word("node") {
            return Err(self.expected("`node` after a plan item's name"));
        }
        let who = if is_item { Who::ItemNode(name) } else { Who::Role(name) };
        self.names.push(NameUse { who: who.clone(), span: self.since(span.start) });
        Ok(who)
    }

    /// The node or client of an id that was just taken.
    pub(super) fn who_by_id(
        &mut self,
        letter: char,
        digits: &str,
        span: Range<usize>,
    ) -> Parsed<Who> {
        let number: u32 = digits.parse().map_err(|_| too_large(digits, span.clone()))?;
        let what = match letter {
            'n' => "node",
            'c' => "client",
            _ => {
                let message = format!("`{letter}{digits}` is no node");
                return Err(
                    PredicateError::new(message, span).help("nodes are `n1`, `n2` and so on")
                );
            }
        };
        if number == 0 {
            let error = PredicateError::new(format!("there is no {what} `{letter}0`"), span);
            return Err(error.help(format!("{what}s count from `{letter}1`")));
        }
        let who = match letter {
            'n' => Who::Node(NodeId(number)),
            _ => Who::Client(ClientId(number)),
        };
        self.names.push(NameUse { who: who.clone(), span });
        Ok(who)
    }

    // The rest.

    /// The number after `#`.
    fn occurrence(&mut self) -> Parsed<u32> {
        let span = self.span();
        match self.peek() {
            Token::Int(0) => {
                Err(PredicateError::new("there is no match `#0`", span)
                    .help("the first one is `#1`"))
            }
            Token::Int(number) => {
                let number = u32::try_from(*number);
                let number = number.map_err(|_| too_large(self.written(span.clone()), span))?;
                self.advance();
                Ok(number)
            }
            _ => Err(self.expected("a number after `#`").help("the second match is `#2`")),
        }
    }

    /// Refuses what is left of the text.
    fn end(&self, may_follow: &str) -> Parsed<()> {
        let error = self.expected(may_follow);
        Err(match self.peek() {
            Token::End => return Ok(()),
            Token::Word("where") => {
                error.help("`where` follows an event, as in `deliver where ..`")
            }
            Token::Word(word) => {
                let meant = closest(word, PREPOSITIONS.into_iter().chain(CONNECTIVES));
                match meant.filter(|meant| may_follow.contains(meant)) {
                    Some(meant) => error.help(format!("did you mean `{meant}`?")),
                    None => error,
                }
            }
            Token::Symbol("=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~") => {
                error.help("comparisons do not chain: join two with `and`")
            }
            Token::Symbol(_) | Token::Int(_) | Token::Duration(_) | Token::Text(_) => error,
        })
    }
}

/// The letter and digits of an id such as `n3`.
pub(super) fn as_id(word: &str) -> Option<(char, &str)> {
    let letter = word.chars().next().filter(char::is_ascii_lowercase)?;
    let digits = &word[1..];
    let is_id = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    is_id.then_some((letter, digits))
}

fn as_node_or_client(word: &str) -> bool {
    matches!(as_id(word), Some(('n' | 'c', _)))
}

/// Whether `word` needs no quotes as the name of a role or plan item.
pub(super) fn is_plain_name(word: &str) -> bool {
    super::lex::is_word(word) && as_id(word).is_none() && !RESERVED.contains(&word)
}
